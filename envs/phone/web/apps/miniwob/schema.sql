-- The episodes that were begun, the newest last. `raw` is the page's reward without its factor for time.
create table episodes (
  id integer primary key, task text not null, seed integer, utterance text not null,
  done integer not null default 0, raw real not null default 0, reward real not null default 0, reason text not null default ''
);
