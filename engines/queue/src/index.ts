export type { Failure, FailureClass } from './failure.ts';
export { failureOf } from './failure.ts';
export type { Key } from './key.ts';
export { identityOf, keyBytesMax, parseKey, prefixOf } from './key.ts';
export type { Outcome } from './outcome.ts';
export { done, nonRetriable, queueKeys, requeueAfter, requeueNotBefore } from './outcome.ts';
export type {
  ClaimPool,
  ClaimRequest,
  EnqueueOptions,
  EnqueueRequest,
  EnqueueResult,
  Finish,
  KeyState,
  ListedRecords,
  ListedState,
  ListPage,
  ListQuery,
  OwnedKey,
  Queue,
  QueueCounts,
  Requeue,
} from './queue.ts';
export type { ReconcileContext, Reconciler } from './reconciler.ts';
export type {
  AttemptOutcome,
  AttemptRecord,
  DeadLetterRecord,
  InProgressRecord,
  KeyFacts,
  QueuedRecord,
} from './records.ts';
export { attemptsKeptMax } from './records.ts';
export type { Timer, Timers } from './timers.ts';
export { systemTimers } from './timers.ts';
export type { Wakeups } from './wakeups.ts';
export { LocalWakeups } from './wakeups.ts';
