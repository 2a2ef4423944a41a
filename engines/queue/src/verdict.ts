import type { Random } from '@kiln/base';
import { defaultBackoff, failureBackoffMs } from './backoff.ts';
import type { Backoff } from './backoff.ts';
import { failureOf } from './failure.ts';
import type { Failure, FailureClass } from './failure.ts';
import type { Outcome } from './outcome.ts';
import type { EnqueueRequest, Requeue } from './queue.ts';
import type { InProgressRecord } from './records.ts';

/** What a reconciler did: it returned an outcome or threw. */
export type Result = Outcome | { readonly kind: 'threw'; readonly error: unknown };

/** What the dispatcher does with the key. */
export type Action =
  | {
      readonly kind: 'complete';
      readonly outcome: 'done' | 'queuedKeys' | 'dropped';
      readonly keys: readonly EnqueueRequest[];
      readonly failure: Failure | undefined;
    }
  | { readonly kind: 'requeue'; readonly how: Requeue; readonly failure: Failure | undefined }
  | { readonly kind: 'deadLetter'; readonly failure: Failure };

/**
 * What a thrown error means: try again and count it against the key (`retriable`), try again soon and as often as it takes
 * because the key is not at fault (`infrastructure`), or do not try again.
 */
export type Judgement = 'retriable' | 'infrastructure' | 'drop' | 'park';

export interface VerdictPolicy {
  /** Failures before a key is parked; 0 for no limit. */
  readonly attemptsMax: number;
  readonly backoff?: Backoff;
  /** How thrown errors are judged; by default each is `retriable`. */
  readonly judge?: (error: unknown) => Judgement;
  readonly random: Random;
}

export const floorMsMax = 3_600_000;

/** Maps a result to an action. A failure that cannot be retried is looked at before the attempts are counted. */
export function actionFor(result: Result, record: InProgressRecord, policy: VerdictPolicy): Action {
  switch (result.kind) {
    case 'done':
      return { kind: 'complete', outcome: 'done', keys: [], failure: undefined };
    case 'queueKeys':
      return { kind: 'complete', outcome: 'queuedKeys', keys: result.keys, failure: undefined };
    case 'requeueAfter': {
      const jitterMs = policy.random.next() * (result.jitterMs ?? 0);
      return revisit(result.delayMs + jitterMs, false, result.reason);
    }
    case 'requeueNotBefore':
      return revisit(Math.min(result.delayMs, floorMsMax), true, result.reason);
    case 'nonRetriable':
      return unretriable(result.error, result.park === true ? 'park' : 'drop');
    case 'threw':
      return afterError(result.error, record, policy);
  }
}

/** A delay is at least a millisecond: a requeue never turns into a success. */
function revisit(delayMs: number, floor: boolean, reason: string | undefined): Action {
  const wait = { kind: 'revisit', delayMs: Math.max(1, Math.ceil(delayMs)), floor } as const;
  return {
    kind: 'requeue',
    how: reason === undefined ? wait : { ...wait, reason },
    failure: undefined,
  };
}

function unretriable(error: unknown, what: 'drop' | 'park'): Action {
  const failure = failureOf(error, 'nonRetriable');
  if (what === 'park') return { kind: 'deadLetter', failure };
  return { kind: 'complete', outcome: 'dropped', keys: [], failure };
}

function afterError(error: unknown, record: InProgressRecord, policy: VerdictPolicy): Action {
  const judgement = policy.judge?.(error) ?? 'retriable';
  if (judgement === 'drop' || judgement === 'park') return unretriable(error, judgement);
  return afterFailure(failureOf(error, judgement satisfies FailureClass), record, policy);
}

/**
 * Attempts that ended with a lost lease are no failures and are not held against the key, nor are failures of what is
 * around it: those come back after the shortest delay.
 */
function afterFailure(failure: Failure, record: InProgressRecord, policy: VerdictPolicy): Action {
  const curve = policy.backoff ?? defaultBackoff;
  if (failure.class === 'infrastructure') {
    const delayMs = failureBackoffMs(1, policy.random, curve);
    return { kind: 'requeue', how: { kind: 'backoff', delayMs, counted: false }, failure };
  }
  const failures = record.attempts - record.leasesLost;
  if (policy.attemptsMax > 0 && failures >= policy.attemptsMax)
    return { kind: 'deadLetter', failure };
  const delayMs = failureBackoffMs(failures, policy.random, curve);
  return { kind: 'requeue', how: { kind: 'backoff', delayMs }, failure };
}
