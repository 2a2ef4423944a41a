-- What retention goes by: when content was last pushed, and what a manifest lists, as 32 bytes for each digest. Of rows
-- that are older than this nobody knows what they list until their bytes are read; they count as pushed now.
alter table registry_manifest
  add column pushed_at bigint not null default (extract(epoch from now()) * 1000)::bigint,
  add column holds bytea;
alter table registry_manifest alter column pushed_at drop default;

alter table registry_blob
  add column linked_at bigint not null default (extract(epoch from now()) * 1000)::bigint;
alter table registry_blob alter column linked_at drop default;

alter table action
  add column used_at bigint not null default (extract(epoch from now()) * 1000)::bigint;
alter table action alter column used_at drop default;

-- The history of a whole repository, page by page.
create index registry_tag_event_repository on registry_tag_event (repository, id desc);

-- How each sweep went.
create table retention_run (
  number bigint generated always as identity primary key,
  started_at bigint not null,
  finished_at bigint not null,
  dry_run boolean not null,
  report jsonb not null
);

-- What images are made of, so that a component leads to the images that have it. A component is one version of one
-- package; images with the same components share a set, which is written once.
create table component (
  id integer generated always as identity primary key,
  type text collate "C" not null,
  name text collate "C" not null,
  version text collate "C" not null,
  unique (name, version, type)
);

create table component_set (
  id integer generated always as identity primary key,
  digest bytea not null unique,
  members integer[] not null
);

-- The same the other way round, newest set first.
create table component_in_set (
  component integer not null,
  component_set integer not null,
  primary key (component, component_set)
);

alter table registry_manifest add column component_set integer references component_set (id);
create index registry_manifest_component_set on registry_manifest (component_set, repository, digest)
  where component_set is not null;

-- When something in a pack was used last; a collector leaves packs alone that are in use.
alter table blob_pack
  add column used_at bigint not null default (extract(epoch from now()) * 1000)::bigint;
alter table blob_pack alter column used_at drop default;
