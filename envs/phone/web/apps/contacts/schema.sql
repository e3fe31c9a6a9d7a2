create table contacts (
  id integer primary key, name text not null, phone text not null default '', email text not null default ''
);
