import type { Failure } from './failure.ts';
import type { Key } from './key.ts';
import type { AttemptRecord, DeadLetterRecord, InProgressRecord, QueuedRecord } from './records.ts';

export interface EnqueueOptions {
  /** Default 0. An integer; higher runs earlier. */
  readonly priority?: number;
  /** Not eligible before this instant; default now. */
  readonly notBefore?: number;
  /** `notBefore` cannot be undercut by enqueues without a floor. */
  readonly floor?: boolean;
  /** Why, in a few words for people. */
  readonly reason?: string;
}

/** A key, alone or with options of its own. */
export type EnqueueRequest = Key | (EnqueueOptions & { readonly key: Key });

export interface EnqueueResult {
  readonly added: number;
  /** Absorbed by a record that was queued already. */
  readonly merged: number;
}

/** A named resource and who uses it. */
export interface ClaimPool {
  readonly name: string;
  /** Key prefixes that draw on this pool. */
  readonly prefixes: readonly string[];
  /** Keys in progress at once, counted over every owner. */
  readonly concurrency: number;
}

export interface ClaimRequest {
  /** Who claims, for accounting. */
  readonly owner: string;
  /** At most this many keys, the most urgent first. */
  readonly limit: number;
  readonly pools: readonly ClaimPool[];
}

/** How a key goes back to the queue. `reason` replaces the key's. */
export type Requeue =
  /** At the back of its priority; a priority other than 0 waits min(attempts x 30 s, 10 min). */
  | { readonly kind: 'plain'; readonly reason?: string }
  /** After a failure: attempts are kept; with `counted: false` this one is not counted. */
  | {
      readonly kind: 'backoff';
      readonly delayMs: number;
      readonly counted?: boolean;
      readonly reason?: string;
    }
  /** The reconciler asked to be called again: attempts start from 0. */
  | {
      readonly kind: 'revisit';
      readonly delayMs: number;
      readonly floor?: boolean;
      readonly reason?: string;
    }
  /** Handed back unfinished, to its old place; the attempt does not count. */
  | { readonly kind: 'release'; readonly reason?: string };

/** `lost`: somebody else owns the key by now, and nothing was changed. */
export type Finish = 'finished' | 'lost';

/**
 * A claimed key. Its lease is renewed until one of the finishing operations is called; each of them
 * first stops the renewal and waits for one in flight. Disposal without a verdict is a plain requeue.
 */
export interface OwnedKey extends AsyncDisposable {
  readonly key: Key;
  readonly record: InProgressRecord;
  /** Fires when the lease is lost, or when the key has been finished. */
  readonly signal: AbortSignal;
  /** Completes the key and removes its dead letter. */
  complete(note?: {
    readonly outcome?: 'done' | 'queuedKeys' | 'dropped';
    readonly failure?: Failure;
  }): Promise<Finish>;
  requeue(how: Requeue, failure?: Failure): Promise<Finish>;
  deadLetter(failure: Failure): Promise<Finish>;
  /** Notes where this attempt's log is; at most 1,000 characters. */
  attachLog(reference: string): Promise<void>;
}

export interface QueueCounts {
  readonly inProgress: number;
  readonly eligible: number;
  /** Queued for a later time. */
  readonly waiting: number;
  readonly deadLettered: number;
}

export interface KeyState {
  readonly key: Key;
  /** The first that applies, in this order. */
  readonly status: 'inProgress' | 'queued' | 'deadLettered';
  readonly inProgress: InProgressRecord | undefined;
  readonly queued: QueuedRecord | undefined;
  readonly deadLettered: DeadLetterRecord | undefined;
}

/** What a listing of each state holds. */
export interface ListedRecords {
  /** In the order of dispatch: priority descending, eligibleSince, key. */
  readonly eligible: QueuedRecord;
  /** By the time they become eligible. */
  readonly waiting: QueuedRecord;
  /** The oldest claim first. */
  readonly inProgress: InProgressRecord;
  /** The oldest failure first. */
  readonly deadLettered: DeadLetterRecord;
}

export type ListedState = keyof ListedRecords;

export interface ListQuery<S extends ListedState> {
  readonly state: S;
  /** Only keys that start with this text, e.g. `package:` or `package:open`. */
  readonly keyPrefix?: string;
  readonly priorityMin?: number;
  /** 1 to 1,000; default 100. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

export interface ListPage<S extends ListedState> {
  readonly records: readonly ListedRecords[S][];
  /** Undefined on the last page. */
  readonly next: string | undefined;
}

/**
 * The work queue of keys: at least once, one at a time for a key, never lost, merges only towards
 * sooner and more urgent (see `merge.ts`). Times come from the clock that the queue was made with.
 */
export interface Queue {
  /** `options` apply where a request has none of its own. Throws `QUEUE_KEY_INVALID`, `QUEUE_PRIORITY_INVALID`. */
  enqueue(requests: readonly EnqueueRequest[], options?: EnqueueOptions): Promise<EnqueueResult>;
  /** Claims eligible keys that are not in progress, in the order of dispatch, within the pools. */
  claim(request: ClaimRequest): Promise<readonly OwnedKey[]>;
  /** Puts keys whose lease has run out back; keys that lose it again and again are parked. */
  recoverOrphans(): Promise<readonly Key[]>;
  counts(): Promise<QueueCounts>;
  /** Pages through one state. Throws `QUEUE_CURSOR_INVALID`. */
  list<S extends ListedState>(query: ListQuery<S>): Promise<ListPage<S>>;
  get(key: Key): Promise<KeyState | undefined>;
  /** Enqueues dead letters again, with their priority and fresh attempts; all of them by default. Returns the keys. */
  retry(keys?: readonly Key[]): Promise<readonly Key[]>;
  /** The attempts at a key, the latest first; at most 50. */
  history(key: Key): Promise<readonly AttemptRecord[]>;
  /** The latest attempts at any key (or those starting with a text), the latest first; at most 1,000. */
  recentAttempts(query?: {
    readonly keyPrefix?: string;
    readonly limit?: number;
  }): Promise<readonly AttemptRecord[]>;
  /** When the first waiting key becomes eligible. */
  nextEligibleAt(): Promise<number | undefined>;
}
