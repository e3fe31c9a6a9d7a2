create table notes (
  id integer primary key, title text not null, body text not null, pinned integer not null default 0, modified integer not null
);
