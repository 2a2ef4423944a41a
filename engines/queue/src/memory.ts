import type { Clock, Random } from '@kiln/base';
import { compareBytes, systemClock, systemRandom } from '@kiln/base';
import type { Key } from './key.ts';
import { prefixOf } from './key.ts';
import { embeddedLeaseTimes } from './lease.ts';
import type { LeaseTimes } from './lease.ts';
import { comparePositions, limitOf, parseCursor, positionOf, printCursor } from './listing.ts';
import { freshRecord, incomingByKey, mergeEnqueue } from './merge.ts';
import { LeasedKey } from './owned-key.ts';
import type { ClaimStore } from './owned-key.ts';
import type {
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
} from './queue.ts';
import { attemptsKeptMax } from './records.ts';
import type { AttemptRecord, DeadLetterRecord, InProgressRecord, QueuedRecord } from './records.ts';
import { systemTimers } from './timers.ts';
import type { Timers } from './timers.ts';
import { claimed, deadLettered, orphanVerdict, outcomeOf, requeued } from './transitions.ts';
import type { Verdict } from './transitions.ts';
import { LocalWakeups } from './wakeups.ts';

/** What several `MemoryQueue`s share, as processes share a database. */
export class MemoryStore {
  readonly queued: Map<Key, QueuedRecord> = new Map();
  readonly inProgress: Map<Key, InProgressRecord> = new Map();
  readonly deadLettered: Map<Key, DeadLetterRecord> = new Map();
  readonly attempts: AttemptRecord[] = [];
  readonly wakeups: LocalWakeups = new LocalWakeups();
}

export interface MemoryQueueOptions {
  readonly store?: MemoryStore;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: Random;
  readonly times?: LeaseTimes;
}

/** The queue without durability: for tests and simulations. Each operation is atomic because nothing in it waits. */
export class MemoryQueue implements Queue {
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #times: LeaseTimes;

  constructor(options: MemoryQueueOptions = {}) {
    this.#store = options.store ?? new MemoryStore();
    this.#clock = options.clock ?? systemClock;
    this.#timers = options.timers ?? systemTimers;
    this.#random = options.random ?? systemRandom;
    this.#times = options.times ?? embeddedLeaseTimes;
  }

  async enqueue(
    requests: readonly EnqueueRequest[],
    options: EnqueueOptions = {},
  ): Promise<EnqueueResult> {
    const { queued, wakeups } = this.#store;
    const now = this.#clock.now();
    let added = 0;
    for (const [key, incoming] of incomingByKey(requests, options, now)) {
      const existing = queued.get(key);
      if (existing === undefined) added += 1;
      queued.set(key, existing ? mergeEnqueue(existing, incoming) : freshRecord(incoming, now));
    }
    wakeups.wake();
    return { added, merged: requests.length - added };
  }

  async claim(request: ClaimRequest): Promise<readonly OwnedKey[]> {
    const now = this.#clock.now();
    const free = new Map(
      request.pools.map((pool) => [pool.name, pool.concurrency - this.#busy(pool.name)]),
    );
    const owned: OwnedKey[] = [];
    for (const record of this.#sorted('eligible')) {
      if (owned.length >= request.limit) break;
      const pool = request.pools.find(({ prefixes }) =>
        prefixes.includes(prefixOf(record.key)),
      )?.name;
      const slots = pool === undefined ? 0 : (free.get(pool) ?? 0);
      if (pool === undefined || slots <= 0 || this.#store.inProgress.has(record.key)) continue;
      free.set(pool, slots - 1);
      owned.push(this.#own(record, { owner: request.owner, pool, now }));
    }
    return owned;
  }

  async recoverOrphans(): Promise<readonly Key[]> {
    const now = this.#clock.now();
    const orphans = [...this.#store.inProgress.values()].filter(
      ({ leaseExpiresAt }) => leaseExpiresAt <= now,
    );
    for (const record of orphans) this.#finish(record, orphanVerdict(record));
    return orphans.map(({ key }) => key).sort(compareBytes);
  }

  async counts(): Promise<QueueCounts> {
    const eligible = this.#sorted('eligible').length;
    return {
      inProgress: this.#store.inProgress.size,
      eligible,
      waiting: this.#store.queued.size - eligible,
      deadLettered: this.#store.deadLettered.size,
    };
  }

  async list<S extends ListedState>(query: ListQuery<S>): Promise<ListPage<S>> {
    const after = parseCursor(query);
    const position = positionOf[query.state];
    const found = this.#sorted(query.state).filter(
      (record) =>
        record.key.startsWith(query.keyPrefix ?? '') &&
        record.priority >= (query.priorityMin ?? -Infinity) &&
        (after === undefined || comparePositions(position(record), after) > 0),
    );
    const records = found.slice(0, limitOf(query));
    const last = records.at(-1);
    const next =
      last !== undefined && records.length < found.length ? printCursor(position(last)) : undefined;
    return { records, next };
  }

  async get(key: Key): Promise<KeyState | undefined> {
    const inProgress = this.#store.inProgress.get(key);
    const queued = this.#store.queued.get(key);
    const dead = this.#store.deadLettered.get(key);
    const status = (inProgress ?? queued ?? dead)?.state;
    return status === undefined
      ? undefined
      : { key, status, inProgress, queued, deadLettered: dead };
  }

  async retry(keys?: readonly Key[]): Promise<readonly Key[]> {
    const parked = [...this.#store.deadLettered.values()].filter(
      ({ key }) => keys?.includes(key) ?? true,
    );
    await this.enqueue(
      parked.map(({ key, priority }) => ({ key, priority })),
      { reason: 'retried by hand' },
    );
    return parked.map(({ key }) => key).sort(compareBytes);
  }

  async history(key: Key): Promise<readonly AttemptRecord[]> {
    return this.#store.attempts.filter((attempt) => attempt.key === key).reverse();
  }

  async recentAttempts(
    query: { readonly keyPrefix?: string; readonly limit?: number } = {},
  ): Promise<readonly AttemptRecord[]> {
    const found = this.#store.attempts.filter(({ key }) => key.startsWith(query.keyPrefix ?? ''));
    return found.slice(-limitOf(query)).reverse();
  }

  async nextEligibleAt(): Promise<number | undefined> {
    return this.#sorted('waiting')[0]?.eligibleSince;
  }

  #sorted<S extends ListedState>(state: S): ListedRecords[S][] {
    const now = this.#clock.now();
    const { queued, inProgress, deadLettered: dead } = this.#store;
    const records: { [T in ListedState]: () => ListedRecords[T][] } = {
      eligible: () => [...queued.values()].filter(({ eligibleSince }) => eligibleSince <= now),
      waiting: () => [...queued.values()].filter(({ eligibleSince }) => eligibleSince > now),
      inProgress: () => [...inProgress.values()],
      deadLettered: () => [...dead.values()],
    };
    const position = positionOf[state];
    return records[state]().sort((a, b) => comparePositions(position(a), position(b)));
  }

  #busy(pool: string): number {
    return [...this.#store.inProgress.values()].filter((record) => record.pool === pool).length;
  }

  #own(queued: QueuedRecord, by: { owner: string; pool: string; now: number }): OwnedKey {
    const record = claimed(queued, {
      ...by,
      attemptId: this.#random.id(),
      leaseMs: this.#times.leaseMs,
    });
    this.#store.queued.delete(record.key);
    this.#store.inProgress.set(record.key, record);
    this.#remember(record);
    const store: ClaimStore = {
      renew: async (of, expiresAt) => this.#renew(of, expiresAt),
      finish: async (of, verdict) => this.#finish(of, verdict),
      attachLog: async (of, log) => this.#amend(of, { log }),
    };
    return new LeasedKey(record, {
      store,
      times: this.#times,
      clock: this.#clock,
      timers: this.#timers,
    });
  }

  #current(record: InProgressRecord): InProgressRecord | undefined {
    const found = this.#store.inProgress.get(record.key);
    return found?.attemptId === record.attemptId ? found : undefined;
  }

  #renew(record: InProgressRecord, leaseExpiresAt: number): 'renewed' | 'lost' {
    const current = this.#current(record);
    if (current === undefined) return 'lost';
    this.#store.inProgress.set(record.key, { ...current, leaseExpiresAt });
    return 'renewed';
  }

  #finish(record: InProgressRecord, verdict: Verdict): Finish {
    const { inProgress, queued, deadLettered: dead, wakeups } = this.#store;
    const current = this.#current(record);
    if (current === undefined) return 'lost';
    const now = this.#clock.now();
    const { key } = record;
    inProgress.delete(key);
    if (verdict.kind === 'complete') dead.delete(key);
    if (verdict.kind === 'requeue')
      queued.set(key, requeued(current, verdict, now, queued.get(key)));
    if (verdict.kind === 'deadLetter') dead.set(key, deadLettered(current, verdict.failure, now));
    this.#amend(record, { finishedAt: now, outcome: outcomeOf(verdict), error: verdict.failure });
    wakeups.wake();
    return 'finished';
  }

  #remember(record: InProgressRecord): void {
    const { key, attemptId, attempts: attempt, owner, reason, claimedAt: startedAt } = record;
    const { attempts } = this.#store;
    const unfinished = {
      finishedAt: undefined,
      outcome: undefined,
      error: undefined,
      log: undefined,
    };
    attempts.push({ key, attemptId, attempt, owner, reason, startedAt, ...unfinished });
    const ofKey = attempts.filter((one) => one.key === key);
    const oldest = ofKey[0];
    if (ofKey.length > attemptsKeptMax && oldest !== undefined)
      attempts.splice(attempts.indexOf(oldest), 1);
  }

  #amend({ attemptId }: InProgressRecord, change: Partial<AttemptRecord>): void {
    const { attempts } = this.#store;
    const index = attempts.findIndex((attempt) => attempt.attemptId === attemptId);
    const found = attempts[index];
    if (found !== undefined) attempts[index] = { ...found, ...change };
  }
}
