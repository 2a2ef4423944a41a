import { KilnError } from '@kiln/base';
import { parseKey } from './key.ts';
import type { Key } from './key.ts';
import type { EnqueueOptions, EnqueueRequest } from './queue.ts';
import type { QueuedRecord } from './records.ts';

/*
 * The rules by which an enqueue meets a queued record of the same key. They are monotone: an enqueue makes a key more
 * urgent or due sooner, never less urgent, and later only where a floor is set on purpose.
 *
 *   priority                              the higher
 *   eligibleSince, both floored           the later
 *   eligibleSince, only the new floored   the new one, in either direction; the record becomes floored
 *   eligibleSince, only the old floored   the old one
 *   eligibleSince, neither floored        the earlier
 *   attempts, createdAt, lastAttemptedAt  those of the record
 *   reason                                both, as far as there is room
 */

/** An enqueue with every default filled in. */
export interface Incoming {
  readonly key: Key;
  readonly priority: number;
  readonly eligibleSince: number;
  readonly floored: boolean;
  readonly reason: string;
}

const reasonCharsMax = 300;

/** Fills in defaults. Throws `QUEUE_KEY_INVALID`, `QUEUE_PRIORITY_INVALID`. */
export function incomingOf(request: EnqueueRequest, shared: EnqueueOptions, now: number): Incoming {
  const own = typeof request === 'string' ? { key: request } : request;
  const options = { ...shared, ...own };
  const priority = options.priority ?? 0;
  if (!Number.isSafeInteger(priority)) {
    throw new KilnError('QUEUE_PRIORITY_INVALID', `not a priority: ${priority}`, {
      hint: 'a priority is a whole number; higher runs earlier, 0 is background',
    });
  }
  return {
    key: parseKey(own.key),
    priority,
    eligibleSince: Math.ceil(Math.max(now, options.notBefore ?? now)),
    floored: options.floor ?? false,
    reason: cut(options.reason ?? ''),
  };
}

/** One request for each key, sorted bytewise, so that concurrent writers lock in one order. */
export function incomingByKey(
  requests: readonly EnqueueRequest[],
  shared: EnqueueOptions,
  now: number,
): Map<Key, Incoming> {
  const found = new Map<Key, Incoming>();
  for (const request of requests) {
    const incoming = incomingOf(request, shared, now);
    const before = found.get(incoming.key);
    found.set(
      incoming.key,
      before === undefined ? incoming : { ...incoming, ...meet(before, incoming) },
    );
  }
  return new Map([...found].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

/** The record of a key that was not queued. */
export function freshRecord(incoming: Incoming, now: number): QueuedRecord {
  return {
    state: 'queued',
    ...incoming,
    attempts: 0,
    leasesLost: 0,
    createdAt: now,
    firstEnqueuedAt: now,
    lastAttemptedAt: undefined,
    lastOutcome: undefined,
    lastError: undefined,
    lastDurationMs: undefined,
  };
}

/** The record after the enqueue; the very same object when nothing changes, so that nothing need be written. */
export function mergeEnqueue(existing: QueuedRecord, incoming: Incoming): QueuedRecord {
  const met = meet(existing, incoming);
  const same =
    met.priority === existing.priority &&
    met.eligibleSince === existing.eligibleSince &&
    met.floored === existing.floored &&
    met.reason === existing.reason;
  return same ? existing : { ...existing, ...met };
}

type Urgency = Pick<Incoming, 'priority' | 'eligibleSince' | 'floored' | 'reason'>;

function meet(existing: Urgency, incoming: Urgency): Urgency {
  return {
    priority: Math.max(existing.priority, incoming.priority),
    eligibleSince: meetTime(existing, incoming),
    floored: existing.floored || incoming.floored,
    reason: mergeReasons(existing.reason, incoming.reason),
  };
}

function meetTime(existing: Urgency, incoming: Urgency): number {
  if (existing.floored && incoming.floored)
    return Math.max(existing.eligibleSince, incoming.eligibleSince);
  if (incoming.floored) return incoming.eligibleSince;
  if (existing.floored) return existing.eligibleSince;
  return Math.min(existing.eligibleSince, incoming.eligibleSince);
}

const between = '; ';

/** Both reasons, each once, as far as they fit; what came first stays. A text that holds a `; ` is several reasons. */
export function mergeReasons(existing: string, incoming: string): string {
  const more = cut(incoming);
  if (existing === '') return more;
  const known = new Set(existing.split(between));
  const fresh = more.split(between).filter((reason) => reason !== '' && !known.has(reason));
  const both = [existing, ...new Set(fresh)].join(between);
  return both.length <= reasonCharsMax ? both : existing;
}

function cut(reason: string): string {
  return reason.replaceAll('\0', '\uFFFD').slice(0, reasonCharsMax).toWellFormed();
}
