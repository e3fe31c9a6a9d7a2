-- days: the weekdays on which it repeats, 1 Monday to 7 Sunday, in order, e.g. "12345"; "" rings once
create table alarms (
  id integer primary key, hour integer not null, minute integer not null, label text not null default '',
  days text not null default '', enabled integer not null default 1
);
-- One row each. state: idle, running or paused. Milliseconds; since is when it was last started or resumed.
create table timer (state text not null, length integer not null, gone integer not null, since integer not null);
create table stopwatch (state text not null, gone integer not null, since integer not null);
insert into timer values ('idle', 0, 0, 0);
insert into stopwatch values ('idle', 0, 0);
