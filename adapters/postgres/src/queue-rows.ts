import type {
  AttemptRecord,
  DeadLetterRecord,
  Failure,
  InProgressRecord,
  Key,
  KeyFacts,
  QueuedRecord,
} from '@kiln/queue';
import type { Insertable, Selectable } from 'kysely';
import type {
  KeyFactsRow,
  QueueAttemptRow,
  QueueDeadLetterRow,
  QueueInProgressRow,
  QueueQueuedRow,
} from './queue-tables.ts';

/** Records to rows and back. */
export function queuedRow(record: QueuedRecord, now: number): Insertable<QueueQueuedRow> {
  return {
    ...factsRow(record),
    created_at: record.createdAt,
    eligible_since: record.eligibleSince,
    floored: record.floored,
    ready: record.eligibleSince <= now,
  };
}

export function queuedRecord(row: Selectable<QueueQueuedRow>): QueuedRecord {
  return {
    ...factsRecord(row),
    state: 'queued',
    createdAt: row.created_at,
    eligibleSince: row.eligible_since,
    floored: row.floored,
  };
}

export function inProgressRow(record: InProgressRecord): Insertable<QueueInProgressRow> {
  return {
    ...factsRow(record),
    attempt_id: record.attemptId,
    owner: record.owner,
    pool: record.pool,
    claimed_at: record.claimedAt,
    eligible_since: record.eligibleSince,
    lease_expires_at: record.leaseExpiresAt,
  };
}

export function inProgressRecord(row: Selectable<QueueInProgressRow>): InProgressRecord {
  return {
    ...factsRecord(row),
    state: 'inProgress',
    attemptId: row.attempt_id,
    owner: row.owner,
    pool: row.pool,
    claimedAt: row.claimed_at,
    eligibleSince: row.eligible_since,
    leaseExpiresAt: row.lease_expires_at,
  };
}

export function deadLetterRow(record: DeadLetterRecord): Insertable<QueueDeadLetterRow> {
  return { ...factsRow(record), failed_at: record.failedAt };
}

export function deadLetterRecord(row: Selectable<QueueDeadLetterRow>): DeadLetterRecord {
  return { ...factsRecord(row), state: 'deadLettered', failedAt: row.failed_at };
}

/** The row of an attempt that has just begun. */
export function attemptRow(record: InProgressRecord): Insertable<QueueAttemptRow> {
  return {
    attempt_id: record.attemptId,
    key: record.key,
    attempt: record.attempts,
    owner: record.owner,
    reason: record.reason,
    started_at: record.claimedAt,
    finished_at: null,
    outcome: null,
    ...errorColumns(undefined),
    log: null,
  };
}

export function errorColumns(
  failure: Failure | undefined,
): Pick<
  Insertable<QueueAttemptRow>,
  'error_class' | 'error_code' | 'error_message' | 'error_hint'
> {
  return {
    error_class: failure?.class ?? null,
    error_code: failure?.code ?? null,
    error_message: failure?.message ?? null,
    error_hint: failure?.hint ?? null,
  };
}

export function attemptRecord(row: Selectable<QueueAttemptRow>): AttemptRecord {
  return {
    key: row.key as Key,
    attemptId: row.attempt_id,
    attempt: row.attempt,
    owner: row.owner,
    reason: row.reason,
    startedAt: row.started_at,
    finishedAt: row.finished_at ?? undefined,
    outcome: row.outcome ?? undefined,
    error: attemptError(row),
    log: row.log ?? undefined,
  };
}

function attemptError(row: Selectable<QueueAttemptRow>): Failure | undefined {
  if (row.error_class === null || row.error_code === null) return undefined;
  return {
    class: row.error_class,
    code: row.error_code,
    message: row.error_message ?? '',
    hint: row.error_hint ?? undefined,
  };
}

function factsRow(facts: KeyFacts): Insertable<KeyFactsRow> {
  return {
    key: facts.key,
    priority: facts.priority,
    attempts: facts.attempts,
    leases_lost: facts.leasesLost,
    reason: facts.reason,
    first_enqueued_at: facts.firstEnqueuedAt,
    last_attempted_at: facts.lastAttemptedAt ?? null,
    last_outcome: facts.lastOutcome ?? null,
    last_error: facts.lastError === undefined ? null : JSON.stringify(facts.lastError),
    last_duration_ms: facts.lastDurationMs ?? null,
  };
}

function factsRecord(row: Selectable<KeyFactsRow>): KeyFacts {
  return {
    key: row.key as Key,
    priority: row.priority,
    attempts: row.attempts,
    leasesLost: row.leases_lost,
    reason: row.reason,
    firstEnqueuedAt: row.first_enqueued_at,
    lastAttemptedAt: row.last_attempted_at ?? undefined,
    lastOutcome: row.last_outcome ?? undefined,
    lastError:
      row.last_error === null ? undefined : { ...row.last_error, hint: row.last_error.hint },
    lastDurationMs: row.last_duration_ms ?? undefined,
  };
}
