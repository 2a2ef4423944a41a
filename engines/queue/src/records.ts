import type { Failure } from './failure.ts';
import type { Key } from './key.ts';

/** How one attempt ended. `lost`: the lease ran out. `released`: handed back on shutdown. */
export type AttemptOutcome =
  | 'done'
  | 'queuedKeys'
  | 'requeued'
  | 'failed'
  | 'dropped'
  | 'deadLettered'
  | 'lost'
  | 'released';

/** What a key carries through all its states. Instants are milliseconds since 1970 on the caller's clock. */
export interface KeyFacts {
  readonly key: Key;
  /** Higher runs earlier; 0 is background. An integer. */
  readonly priority: number;
  /** Claims since the last success or revisit; counted at the claim. */
  readonly attempts: number;
  /** How many of those attempts ended with a lost lease: they do not count as failures. */
  readonly leasesLost: number;
  /** Why it runs, for people; merged from the enqueues, at most 300 characters. */
  readonly reason: string;
  /** Survives requeues, so that the time from request to result can be measured. */
  readonly firstEnqueuedAt: number;
  readonly lastAttemptedAt: number | undefined;
  readonly lastOutcome: AttemptOutcome | undefined;
  readonly lastError: Failure | undefined;
  readonly lastDurationMs: number | undefined;
}

/** A key that waits. */
export interface QueuedRecord extends KeyFacts {
  readonly state: 'queued';
  readonly createdAt: number;
  /** Eligible from this instant on, which may lie in the future; the order among equal priorities. */
  readonly eligibleSince: number;
  /** `eligibleSince` is a floor: enqueues without a floor cannot pull it earlier. */
  readonly floored: boolean;
}

/** A key that somebody holds a lease on. */
export interface InProgressRecord extends KeyFacts {
  readonly state: 'inProgress';
  /** The identity of this claim; every later transition is conditional on it. */
  readonly attemptId: string;
  readonly owner: string;
  readonly pool: string;
  readonly claimedAt: number;
  /** The place in the queue that it was claimed from, restored by a release. */
  readonly eligibleSince: number;
  /** Past this instant the record is an orphan. */
  readonly leaseExpiresAt: number;
}

/** A key that is parked for a person. A later success removes it. */
export interface DeadLetterRecord extends KeyFacts {
  readonly state: 'deadLettered';
  readonly failedAt: number;
}

/** One attempt at a key; the last 50 of each key are kept. */
export interface AttemptRecord {
  readonly key: Key;
  readonly attemptId: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly owner: string;
  readonly reason: string;
  readonly startedAt: number;
  readonly finishedAt: number | undefined;
  /** Undefined while it runs. */
  readonly outcome: AttemptOutcome | undefined;
  readonly error: Failure | undefined;
  /** Where its log is, as the reconciler named it. */
  readonly log: string | undefined;
}

/** Attempts kept for each key. */
export const attemptsKeptMax = 50;
