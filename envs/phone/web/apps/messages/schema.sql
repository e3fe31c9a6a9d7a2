-- number: of the other person; sent: 1 from this phone, 0 to it; time: milliseconds since 1970
create table messages (
  id integer primary key, number text not null, body text not null, sent integer not null, time integer not null
);
