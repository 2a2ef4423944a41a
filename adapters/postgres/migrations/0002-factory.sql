-- The desired state, as the catalogs say it.
create table desired (
  key text primary key,
  kind text not null check (kind in ('seed', 'package', 'index', 'image')),
  name text not null,
  catalog text not null,
  bundle text not null,
  depends_on text[] not null,
  may_need text[] not null
);
create index desired_catalog on desired (catalog);
create index desired_depends_on on desired using gin (depends_on);
create index desired_may_need on desired using gin (may_need);

create table catalog_problem (
  catalog text not null,
  key text not null,
  code text not null,
  message text not null,
  hint text not null
);

-- The actual state of each key.
create table key_state (
  key text primary key,
  desired text not null,
  status text not null check (status in ('waiting', 'working', 'ready', 'failed')),
  stage text not null,
  waiting_for text[] not null,
  error_code text not null,
  error_message text not null,
  error_hint text not null,
  action text,
  updated_at bigint not null
);

-- Results by action digest: the same action is never run twice.
create table action (
  action text primary key,
  key text not null,
  result jsonb not null,
  created_at bigint not null
);

-- What the signer may sign.
create table ledger (
  kind text not null check (kind in ('control', 'index', 'statement')),
  digest text not null,
  key text not null,
  created_at bigint not null,
  primary key (kind, digest)
);

-- Immutable states of the package repositories.
create table generation (
  repository text not null,
  arch text not null,
  number integer not null,
  index_blob text not null,
  unsigned text not null,
  packages jsonb not null,
  created_at bigint not null,
  primary key (repository, arch, number)
);
