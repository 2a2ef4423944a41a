import type { AttemptOutcome, Failure } from '@kiln/queue';
import type { GeneratedAlways, JSONColumnType } from 'kysely';

/** What every state of a key has; instants are milliseconds since 1970. */
export interface KeyFactsRow {
  key: string;
  /** The part before the colon; computed by the database. */
  prefix: GeneratedAlways<string>;
  priority: number;
  attempts: number;
  leases_lost: number;
  reason: string;
  first_enqueued_at: number;
  last_attempted_at: number | null;
  last_outcome: AttemptOutcome | null;
  last_error: JSONColumnType<Failure | null, string | null, string | null>;
  last_duration_ms: number | null;
}

export interface QueueQueuedRow extends KeyFactsRow {
  created_at: number;
  eligible_since: number;
  floored: boolean;
  /** Known to be eligible; set lazily, so that dispatch reads one index in order. */
  ready: boolean;
}

export interface QueueInProgressRow extends KeyFactsRow {
  attempt_id: string;
  owner: string;
  pool: string;
  claimed_at: number;
  eligible_since: number;
  lease_expires_at: number;
}

export interface QueueDeadLetterRow extends KeyFactsRow {
  failed_at: number;
}

export interface QueueAttemptRow {
  /** The order in which the attempts began. */
  number: GeneratedAlways<number>;
  attempt_id: string;
  key: string;
  attempt: number;
  owner: string;
  reason: string;
  started_at: number;
  finished_at: number | null;
  outcome: AttemptOutcome | null;
  error_class: Failure['class'] | null;
  error_code: string | null;
  error_message: string | null;
  error_hint: string | null;
  log: string | null;
}

export interface QueueTables {
  queue_queued: QueueQueuedRow;
  queue_in_progress: QueueInProgressRow;
  queue_dead_letter: QueueDeadLetterRow;
  queue_attempt: QueueAttemptRow;
}
