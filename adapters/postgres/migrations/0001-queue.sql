-- The work queue: one table for each of the three independent states of a key, and the attempts made.
-- Instants are milliseconds since 1970 on the writer's clock. Keys sort bytewise.

CREATE TABLE queue_queued (
  key text COLLATE "C" PRIMARY KEY,
  prefix text COLLATE "C" NOT NULL GENERATED ALWAYS AS (split_part(key, ':', 1)) STORED,
  priority bigint NOT NULL,
  attempts integer NOT NULL,
  leases_lost integer NOT NULL,
  reason text NOT NULL,
  first_enqueued_at bigint NOT NULL,
  last_attempted_at bigint,
  last_outcome text,
  last_error jsonb,
  last_duration_ms bigint,
  created_at bigint NOT NULL,
  eligible_since bigint NOT NULL,
  floored boolean NOT NULL,
  ready boolean NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- The order of dispatch, for one kind of key and for all.
CREATE INDEX queue_queued_dispatch_by_prefix ON queue_queued (prefix, (-priority), eligible_since, key) WHERE ready;
CREATE INDEX queue_queued_dispatch ON queue_queued ((-priority), eligible_since, key) WHERE ready;
-- What becomes eligible next.
CREATE INDEX queue_queued_waiting ON queue_queued (eligible_since, key) WHERE NOT ready;

CREATE TABLE queue_in_progress (
  key text COLLATE "C" PRIMARY KEY,
  prefix text COLLATE "C" NOT NULL GENERATED ALWAYS AS (split_part(key, ':', 1)) STORED,
  priority bigint NOT NULL,
  attempts integer NOT NULL,
  leases_lost integer NOT NULL,
  reason text NOT NULL,
  first_enqueued_at bigint NOT NULL,
  last_attempted_at bigint,
  last_outcome text,
  last_error jsonb,
  last_duration_ms bigint,
  attempt_id text NOT NULL UNIQUE,
  owner text NOT NULL,
  pool text NOT NULL,
  claimed_at bigint NOT NULL,
  eligible_since bigint NOT NULL,
  lease_expires_at bigint NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX queue_in_progress_by_claim ON queue_in_progress (claimed_at, key);

CREATE TABLE queue_dead_letter (
  key text COLLATE "C" PRIMARY KEY,
  prefix text COLLATE "C" NOT NULL GENERATED ALWAYS AS (split_part(key, ':', 1)) STORED,
  priority bigint NOT NULL,
  attempts integer NOT NULL,
  leases_lost integer NOT NULL,
  reason text NOT NULL,
  first_enqueued_at bigint NOT NULL,
  last_attempted_at bigint,
  last_outcome text,
  last_error jsonb,
  last_duration_ms bigint,
  failed_at bigint NOT NULL
);

CREATE INDEX queue_dead_letter_by_failure ON queue_dead_letter (failed_at, key);

CREATE TABLE queue_attempt (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  attempt_id text NOT NULL UNIQUE,
  key text COLLATE "C" NOT NULL,
  attempt integer NOT NULL,
  owner text NOT NULL,
  reason text NOT NULL,
  started_at bigint NOT NULL,
  finished_at bigint,
  outcome text,
  error_class text,
  error_code text,
  error_message text,
  error_hint text,
  log text
);

CREATE INDEX queue_attempt_by_key ON queue_attempt (key, number DESC);
