-- date: YYYY-MM-DD; time: HH:MM, 24 hours; duration: minutes
create table events (
  id integer primary key, title text not null, date text not null, time text not null,
  duration integer not null default 60, location text not null default ''
);
