-- What the images that a catalog wants first need.
alter table desired add column comes_first boolean not null default false;
