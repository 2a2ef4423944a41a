export type { Backoff } from './backoff.ts';
export {
  defaultBackoff,
  failureBackoffMs,
  jitter,
  leasesLostMax,
  linearBackoffMs,
  lostLeaseDelayMs,
} from './backoff.ts';
export type { DispatcherOptions, DispatchEvent, Pass } from './dispatcher.ts';
export { Dispatcher, drainingReason } from './dispatcher.ts';
export type { LeaseEnd, LeaseOptions, LeaseTimes } from './lease.ts';
export { Lease, embeddedLeaseTimes } from './lease.ts';
export type { Position } from './listing.ts';
export { comparePositions, limitOf, parseCursor, positionOf, printCursor } from './listing.ts';
export { ManualTime } from './manual-time.ts';
export type { MemoryQueueOptions } from './memory.ts';
export { MemoryQueue, MemoryStore } from './memory.ts';
export type { Incoming } from './merge.ts';
export { freshRecord, incomingByKey, mergeEnqueue, mergeReasons } from './merge.ts';
export type { ClaimStore, LeasedKeyOptions } from './owned-key.ts';
export { LeasedKey } from './owned-key.ts';
export type { Claim, Verdict } from './transitions.ts';
export { claimed, deadLettered, orphanVerdict, outcomeOf, requeued } from './transitions.ts';
export type { Action, Judgement, Result, VerdictPolicy } from './verdict.ts';
export { actionFor } from './verdict.ts';
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
