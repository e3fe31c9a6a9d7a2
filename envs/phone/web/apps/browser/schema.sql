create table history (id integer primary key, address text not null, title text not null, time integer not null);
create table bookmarks (id integer primary key, address text not null unique, title text not null);
-- What the sites of this phone's own little web hold and are told.
create table articles (id integer primary key, headline text not null, section text not null, writer text not null, text text not null);
create table products (id integer primary key, name text not null, kind text not null, cents integer not null, stock integer not null);
create table orders (id integer primary key, product integer not null, quantity integer not null, name text not null, gift integer not null);
create table members (id integer primary key, name text not null, email text not null, plan text not null, newsletter integer not null);
