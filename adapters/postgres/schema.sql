-- The schema after every migration. Written by the schema test (vitest -u); not run by anything.

table action (
  action text not null,
  key text not null,
  result jsonb not null,
  created_at bigint not null,
  used_at bigint not null
)

table attestation (
  subject text not null,
  predicate_type text not null,
  bundle text not null,
  key text not null,
  created_at bigint not null
)

table blob_pack (
  id integer not null identity,
  name text not null,
  entries integer not null,
  used_at bigint not null
)

table blob_pack_entry (
  digest_start bigint not null,
  pack integer not null,
  entry integer not null
)

table catalog_problem (
  catalog text not null,
  key text not null,
  code text not null,
  message text not null,
  hint text not null
)

table component (
  id integer not null identity,
  type text not null,
  name text not null,
  version text not null
)

table component_in_set (
  component integer not null,
  component_set integer not null
)

table component_set (
  id integer not null identity,
  digest bytea not null,
  members integer[] not null
)

table desired (
  key text not null,
  kind text not null,
  name text not null,
  catalog text not null,
  bundle text not null,
  depends_on text[] not null,
  may_need text[] not null,
  comes_first boolean not null default false
)

table generation (
  repository text not null,
  arch text not null,
  number integer not null,
  index_blob text not null,
  unsigned text not null,
  packages jsonb not null,
  created_at bigint not null
)

table key_state (
  key text not null,
  desired text not null,
  status text not null,
  stage text not null,
  waiting_for text[] not null,
  error_code text not null,
  error_message text not null,
  error_hint text not null,
  action text,
  updated_at bigint not null
)

table kiln_migration (
  number integer not null,
  name text not null,
  checksum text not null
)

table ledger (
  kind text not null,
  digest text not null,
  key text not null,
  created_at bigint not null
)

table queue_attempt (
  number bigint not null identity,
  attempt_id text not null,
  key text not null,
  attempt integer not null,
  owner text not null,
  reason text not null,
  started_at bigint not null,
  finished_at bigint,
  outcome text,
  error_class text,
  error_code text,
  error_message text,
  error_hint text,
  log text
)

table queue_dead_letter (
  key text not null,
  prefix text not null generated as (split_part(key, ':'::text, 1)),
  priority bigint not null,
  attempts integer not null,
  leases_lost integer not null,
  reason text not null,
  first_enqueued_at bigint not null,
  last_attempted_at bigint,
  last_outcome text,
  last_error jsonb,
  last_duration_ms bigint,
  failed_at bigint not null
)

table queue_in_progress (
  key text not null,
  prefix text not null generated as (split_part(key, ':'::text, 1)),
  priority bigint not null,
  attempts integer not null,
  leases_lost integer not null,
  reason text not null,
  first_enqueued_at bigint not null,
  last_attempted_at bigint,
  last_outcome text,
  last_error jsonb,
  last_duration_ms bigint,
  attempt_id text not null,
  owner text not null,
  pool text not null,
  claimed_at bigint not null,
  eligible_since bigint not null,
  lease_expires_at bigint not null
)

table queue_queued (
  key text not null,
  prefix text not null generated as (split_part(key, ':'::text, 1)),
  priority bigint not null,
  attempts integer not null,
  leases_lost integer not null,
  reason text not null,
  first_enqueued_at bigint not null,
  last_attempted_at bigint,
  last_outcome text,
  last_error jsonb,
  last_duration_ms bigint,
  created_at bigint not null,
  eligible_since bigint not null,
  floored boolean not null,
  ready boolean not null
)

table registry_blob (
  repository text not null,
  digest text not null,
  size_bytes bigint not null,
  linked_at bigint not null,
  sha512 text
)

table registry_manifest (
  repository text not null,
  digest text not null,
  media_type text not null,
  size_bytes bigint not null,
  subject text,
  artifact_type text,
  annotations json not null,
  pushed_at bigint not null,
  holds bytea,
  component_set integer,
  sha512 text
)

table registry_repository (
  name text not null,
  created_at bigint not null
)

table registry_tag (
  repository text not null,
  tag text not null,
  digest text not null,
  moved_at bigint not null,
  sha512 text
)

table registry_tag_event (
  id bigint not null identity,
  repository text not null,
  tag text not null,
  digest text,
  at bigint not null
)

table retention_run (
  number bigint not null identity,
  started_at bigint not null,
  finished_at bigint not null,
  dry_run boolean not null,
  report jsonb not null
)

-- constraints
action: action_pkey PRIMARY KEY (action)
attestation: attestation_pkey PRIMARY KEY (subject, predicate_type)
blob_pack: blob_pack_name_key UNIQUE (name)
blob_pack: blob_pack_pkey PRIMARY KEY (id)
component: component_name_version_type_key UNIQUE (name, version, type)
component: component_pkey PRIMARY KEY (id)
component_in_set: component_in_set_pkey PRIMARY KEY (component, component_set)
component_set: component_set_digest_key UNIQUE (digest)
component_set: component_set_pkey PRIMARY KEY (id)
desired: desired_kind_check CHECK ((kind = ANY (ARRAY['seed'::text, 'package'::text, 'test'::text, 'index'::text, 'image'::text])))
desired: desired_pkey PRIMARY KEY (key)
generation: generation_pkey PRIMARY KEY (repository, arch, number)
key_state: key_state_pkey PRIMARY KEY (key)
key_state: key_state_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'working'::text, 'ready'::text, 'failed'::text])))
kiln_migration: kiln_migration_pkey PRIMARY KEY (number)
ledger: ledger_kind_check CHECK ((kind = ANY (ARRAY['control'::text, 'index'::text, 'statement'::text])))
ledger: ledger_pkey PRIMARY KEY (kind, digest)
queue_attempt: queue_attempt_attempt_id_key UNIQUE (attempt_id)
queue_attempt: queue_attempt_pkey PRIMARY KEY (number)
queue_dead_letter: queue_dead_letter_pkey PRIMARY KEY (key)
queue_in_progress: queue_in_progress_attempt_id_key UNIQUE (attempt_id)
queue_in_progress: queue_in_progress_pkey PRIMARY KEY (key)
queue_queued: queue_queued_pkey PRIMARY KEY (key)
registry_blob: registry_blob_pkey PRIMARY KEY (repository, digest)
registry_blob: registry_blob_repository_fkey FOREIGN KEY (repository) REFERENCES registry_repository(name)
registry_blob: registry_blob_size_bytes_check CHECK ((size_bytes >= 0))
registry_manifest: registry_manifest_component_set_fkey FOREIGN KEY (component_set) REFERENCES component_set(id)
registry_manifest: registry_manifest_pkey PRIMARY KEY (repository, digest)
registry_manifest: registry_manifest_repository_fkey FOREIGN KEY (repository) REFERENCES registry_repository(name)
registry_manifest: registry_manifest_size_bytes_check CHECK ((size_bytes >= 0))
registry_repository: registry_repository_pkey PRIMARY KEY (name)
registry_tag: registry_tag_pkey PRIMARY KEY (repository, tag)
registry_tag: registry_tag_repository_digest_fkey FOREIGN KEY (repository, digest) REFERENCES registry_manifest(repository, digest)
registry_tag_event: registry_tag_event_pkey PRIMARY KEY (id)
retention_run: retention_run_pkey PRIMARY KEY (number)

-- indexes
CREATE INDEX blob_pack_entry_digest ON public.blob_pack_entry USING btree (digest_start)
CREATE INDEX desired_catalog ON public.desired USING btree (catalog)
CREATE INDEX desired_depends_on ON public.desired USING gin (depends_on)
CREATE INDEX desired_may_need ON public.desired USING gin (may_need)
CREATE INDEX queue_attempt_by_key ON public.queue_attempt USING btree (key, number DESC)
CREATE INDEX queue_dead_letter_by_failure ON public.queue_dead_letter USING btree (failed_at, key)
CREATE INDEX queue_in_progress_by_claim ON public.queue_in_progress USING btree (claimed_at, key)
CREATE INDEX queue_queued_dispatch ON public.queue_queued USING btree (((- priority)), eligible_since, key) WHERE ready
CREATE INDEX queue_queued_dispatch_by_prefix ON public.queue_queued USING btree (prefix, ((- priority)), eligible_since, key) WHERE ready
CREATE INDEX queue_queued_waiting ON public.queue_queued USING btree (eligible_since, key) WHERE (NOT ready)
CREATE INDEX registry_blob_sha512 ON public.registry_blob USING btree (repository, sha512) WHERE (sha512 IS NOT NULL)
CREATE INDEX registry_manifest_component_set ON public.registry_manifest USING btree (component_set, repository, digest) WHERE (component_set IS NOT NULL)
CREATE INDEX registry_manifest_sha512 ON public.registry_manifest USING btree (repository, sha512) WHERE (sha512 IS NOT NULL)
CREATE INDEX registry_manifest_subject ON public.registry_manifest USING btree (repository, subject, digest) WHERE (subject IS NOT NULL)
CREATE INDEX registry_tag_digest ON public.registry_tag USING btree (repository, digest)
CREATE INDEX registry_tag_event_repository ON public.registry_tag_event USING btree (repository, id DESC)
CREATE INDEX registry_tag_event_tag ON public.registry_tag_event USING btree (repository, tag, id DESC)
CREATE UNIQUE INDEX action_pkey ON public.action USING btree (action)
CREATE UNIQUE INDEX attestation_pkey ON public.attestation USING btree (subject, predicate_type)
CREATE UNIQUE INDEX blob_pack_name_key ON public.blob_pack USING btree (name)
CREATE UNIQUE INDEX blob_pack_pkey ON public.blob_pack USING btree (id)
CREATE UNIQUE INDEX component_in_set_pkey ON public.component_in_set USING btree (component, component_set)
CREATE UNIQUE INDEX component_name_version_type_key ON public.component USING btree (name, version, type)
CREATE UNIQUE INDEX component_pkey ON public.component USING btree (id)
CREATE UNIQUE INDEX component_set_digest_key ON public.component_set USING btree (digest)
CREATE UNIQUE INDEX component_set_pkey ON public.component_set USING btree (id)
CREATE UNIQUE INDEX desired_pkey ON public.desired USING btree (key)
CREATE UNIQUE INDEX generation_pkey ON public.generation USING btree (repository, arch, number)
CREATE UNIQUE INDEX key_state_pkey ON public.key_state USING btree (key)
CREATE UNIQUE INDEX kiln_migration_pkey ON public.kiln_migration USING btree (number)
CREATE UNIQUE INDEX ledger_pkey ON public.ledger USING btree (kind, digest)
CREATE UNIQUE INDEX queue_attempt_attempt_id_key ON public.queue_attempt USING btree (attempt_id)
CREATE UNIQUE INDEX queue_attempt_pkey ON public.queue_attempt USING btree (number)
CREATE UNIQUE INDEX queue_dead_letter_pkey ON public.queue_dead_letter USING btree (key)
CREATE UNIQUE INDEX queue_in_progress_attempt_id_key ON public.queue_in_progress USING btree (attempt_id)
CREATE UNIQUE INDEX queue_in_progress_pkey ON public.queue_in_progress USING btree (key)
CREATE UNIQUE INDEX queue_queued_pkey ON public.queue_queued USING btree (key)
CREATE UNIQUE INDEX registry_blob_pkey ON public.registry_blob USING btree (repository, digest)
CREATE UNIQUE INDEX registry_manifest_pkey ON public.registry_manifest USING btree (repository, digest)
CREATE UNIQUE INDEX registry_repository_pkey ON public.registry_repository USING btree (name)
CREATE UNIQUE INDEX registry_tag_event_pkey ON public.registry_tag_event USING btree (id)
CREATE UNIQUE INDEX registry_tag_pkey ON public.registry_tag USING btree (repository, tag)
CREATE UNIQUE INDEX retention_run_pkey ON public.retention_run USING btree (number)
