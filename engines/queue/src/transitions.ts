import { leasesLostMax, linearBackoffMs, lostLeaseDelayMs } from './backoff.ts';
import type { Failure } from './failure.ts';
import { mergeEnqueue } from './merge.ts';
import type { Requeue } from './queue.ts';
import type {
  AttemptOutcome,
  DeadLetterRecord,
  InProgressRecord,
  KeyFacts,
  QueuedRecord,
} from './records.ts';

/*
 * What a key's record becomes when it moves between the three sets. Back ends store the results; each move is one
 * transaction, conditional on the attempt id, and does nothing when somebody else owns the key by now.
 */

/** Who claims, for how long. */
export interface Claim {
  readonly attemptId: string;
  readonly owner: string;
  readonly pool: string;
  readonly now: number;
  readonly leaseMs: number;
}

/** How an attempt ends, as a back end stores it. */
export type Verdict =
  | {
      readonly kind: 'complete';
      readonly outcome: 'done' | 'queuedKeys' | 'dropped';
      readonly failure: Failure | undefined;
    }
  | {
      readonly kind: 'requeue';
      readonly how: Requeue | LostLease;
      readonly failure: Failure | undefined;
    }
  | { readonly kind: 'deadLetter'; readonly failure: Failure };

/** The requeue of an orphan. */
interface LostLease {
  readonly kind: 'lost';
  readonly reason?: string;
}

/** Queued to in progress: one more attempt, no floor, a lease. */
export function claimed(queued: QueuedRecord, claim: Claim): InProgressRecord {
  return {
    ...factsOf(queued),
    state: 'inProgress',
    attempts: queued.attempts + 1,
    attemptId: claim.attemptId,
    owner: claim.owner,
    pool: claim.pool,
    claimedAt: claim.now,
    eligibleSince: queued.eligibleSince,
    leaseExpiresAt: claim.now + claim.leaseMs,
  };
}

/** In progress to queued, merged into `twin` when the key was enqueued while it ran. */
export function requeued(
  running: InProgressRecord,
  verdict: Extract<Verdict, { kind: 'requeue' }>,
  now: number,
  twin: QueuedRecord | undefined,
): QueuedRecord {
  const { how } = verdict;
  const record: QueuedRecord = {
    ...factsOf(running),
    state: 'queued',
    ...countersAfter(running, how),
    reason: how.reason ?? running.reason,
    createdAt: now,
    eligibleSince: Math.ceil(dueAfter(running, how, now)),
    floored: how.kind === 'revisit' && how.floor === true,
    lastAttemptedAt: now,
    lastOutcome: outcomeOf(verdict),
    lastError: how.kind === 'revisit' ? undefined : (verdict.failure ?? running.lastError),
    lastDurationMs: now - running.claimedAt,
  };
  return twin === undefined ? record : mergeTwin(twin, record, how);
}

/** In progress to parked. */
export function deadLettered(
  running: InProgressRecord,
  failure: Failure,
  now: number,
): DeadLetterRecord {
  return {
    ...factsOf(running),
    state: 'deadLettered',
    lastAttemptedAt: now,
    lastOutcome: 'deadLettered',
    lastError: failure,
    lastDurationMs: now - running.claimedAt,
    failedAt: now,
  };
}

/** What becomes of a key whose lease ran out: back to the queue, or parked when that happens again and again. */
export function orphanVerdict(running: InProgressRecord): Verdict {
  const failure: Failure = {
    class: 'lost',
    code: 'QUEUE_LEASE_LOST',
    message: `the lease of ${running.owner} ran out`,
    hint: 'the process that worked on it was killed or hung; see its log',
  };
  if (running.leasesLost + 1 >= leasesLostMax) return { kind: 'deadLetter', failure };
  return { kind: 'requeue', how: { kind: 'lost' }, failure };
}

/** How the attempt is remembered. */
export function outcomeOf(verdict: Verdict): AttemptOutcome {
  if (verdict.kind === 'complete') return verdict.outcome;
  if (verdict.kind === 'deadLetter')
    return verdict.failure.class === 'lost' ? 'lost' : 'deadLettered';
  switch (verdict.how.kind) {
    case 'plain':
    case 'revisit':
      return verdict.failure === undefined ? 'requeued' : 'failed';
    case 'backoff':
      return 'failed';
    case 'release':
      return 'released';
    case 'lost':
      return 'lost';
  }
}

type Counters = Pick<KeyFacts, 'attempts' | 'leasesLost'>;

function countersAfter(running: InProgressRecord, how: Requeue | LostLease): Counters {
  switch (how.kind) {
    case 'revisit':
      return { attempts: 0, leasesLost: 0 };
    case 'release':
      return { attempts: Math.max(0, running.attempts - 1), leasesLost: running.leasesLost };
    case 'lost':
      return { attempts: running.attempts, leasesLost: running.leasesLost + 1 };
    case 'backoff':
      return {
        attempts: Math.max(0, running.attempts - (how.counted === false ? 1 : 0)),
        leasesLost: running.leasesLost,
      };
    case 'plain':
      return { attempts: running.attempts, leasesLost: running.leasesLost };
  }
}

function dueAfter(running: InProgressRecord, how: Requeue | LostLease, now: number): number {
  switch (how.kind) {
    case 'plain':
      return running.priority === 0 ? now : now + linearBackoffMs(running.attempts);
    case 'backoff':
    case 'revisit':
      return now + Math.max(how.delayMs, 1);
    case 'release':
      return running.eligibleSince;
    case 'lost':
      return now + lostLeaseDelayMs(running.leasesLost + 1);
  }
}

/** A failing key that is also enqueued all the time must still reach its limit: the higher count stays, unless it was a success. */
function mergeTwin(
  twin: QueuedRecord,
  record: QueuedRecord,
  how: Requeue | LostLease,
): QueuedRecord {
  const reset = how.kind === 'revisit';
  return {
    ...mergeEnqueue(twin, record),
    attempts: reset ? 0 : Math.max(twin.attempts, record.attempts),
    leasesLost: reset ? 0 : Math.max(twin.leasesLost, record.leasesLost),
    firstEnqueuedAt: Math.min(twin.firstEnqueuedAt, record.firstEnqueuedAt),
    lastAttemptedAt: record.lastAttemptedAt,
    lastOutcome: record.lastOutcome,
    lastError: record.lastError,
    lastDurationMs: record.lastDurationMs,
  };
}

function factsOf(record: KeyFacts): KeyFacts {
  return {
    key: record.key,
    priority: record.priority,
    attempts: record.attempts,
    leasesLost: record.leasesLost,
    reason: record.reason,
    firstEnqueuedAt: record.firstEnqueuedAt,
    lastAttemptedAt: record.lastAttemptedAt,
    lastOutcome: record.lastOutcome,
    lastError: record.lastError,
    lastDurationMs: record.lastDurationMs,
  };
}
