import { compareBytes, systemClock, systemRandom } from '@kiln/base';
import type { Clock, Random } from '@kiln/base';
import {
  LeasedKey,
  attemptsKeptMax,
  embeddedLeaseTimes,
  limitOf,
  orphanVerdict,
  systemTimers,
} from '@kiln/queue';
import type {
  AttemptRecord,
  ClaimRequest,
  ClaimStore,
  EnqueueOptions,
  EnqueueRequest,
  EnqueueResult,
  Key,
  KeyState,
  LeaseTimes,
  ListedState,
  ListPage,
  ListQuery,
  OwnedKey,
  Queue,
  QueueCounts,
  Timers,
} from '@kiln/queue';
import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from './database.ts';
import { listIn } from './queue-reads.ts';
import { attemptRecord, deadLetterRecord, inProgressRecord, queuedRecord } from './queue-rows.ts';
import { claimIn, enqueueIn, finishIn, lockOrphans } from './queue-writes.ts';

export interface PostgresQueueOptions {
  readonly db: Kysely<Database>;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: Random;
  /** Default a lease of 10 s, renewed every 3 s. */
  readonly times?: LeaseTimes;
}

/** The queue in PostgreSQL: durable, shared by any number of processes, with times from the caller's clock. */
export class PostgresQueue implements Queue {
  readonly #db: Kysely<Database>;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #times: LeaseTimes;

  constructor(options: PostgresQueueOptions) {
    this.#db = options.db;
    this.#clock = options.clock ?? systemClock;
    this.#timers = options.timers ?? systemTimers;
    this.#random = options.random ?? systemRandom;
    this.#times = options.times ?? embeddedLeaseTimes;
  }

  enqueue(
    requests: readonly EnqueueRequest[],
    options: EnqueueOptions = {},
  ): Promise<EnqueueResult> {
    return this.#transact((tx) => this.enqueueIn(tx, requests, options));
  }

  /** Enqueues in the caller's transaction, so that a state change and the keys it causes share one. */
  enqueueIn(
    tx: Transaction<Database>,
    requests: readonly EnqueueRequest[],
    options: EnqueueOptions = {},
  ): Promise<EnqueueResult> {
    return enqueueIn(tx, requests, options, this.#clock.now());
  }

  async claim({ owner, limit, pools }: ClaimRequest): Promise<readonly OwnedKey[]> {
    const nextAttemptId = (): string => this.#random.id();
    const { leaseMs } = this.#times;
    const records = await this.#transact((tx) =>
      claimIn(tx, { owner, limit, pools, leaseMs, nextAttemptId, now: this.#clock.now() }),
    );
    const shared = {
      store: this.#claimStore(),
      times: this.#times,
      clock: this.#clock,
      timers: this.#timers,
    };
    return records.map((record) => new LeasedKey(record, shared));
  }

  async recoverOrphans(): Promise<readonly Key[]> {
    return this.#transact(async (tx) => {
      const now = this.#clock.now();
      const orphans = await lockOrphans(tx, now);
      for (const orphan of orphans) await finishIn(tx, orphan, orphanVerdict, now);
      return orphans.map(({ key }) => key);
    });
  }

  async counts(): Promise<QueueCounts> {
    const now = this.#clock.now();
    const { rows } = await sql<QueueCounts>`select
      (select count(*) from queue_in_progress) as "inProgress",
      (select count(*) from queue_queued where eligible_since <= ${now}) as "eligible",
      (select count(*) from queue_queued where eligible_since > ${now}) as "waiting",
      (select count(*) from queue_dead_letter) as "deadLettered"`.execute(this.#db);
    return rows[0] ?? { inProgress: 0, eligible: 0, waiting: 0, deadLettered: 0 };
  }

  list<S extends ListedState>(query: ListQuery<S>): Promise<ListPage<S>> {
    return this.#transact((tx) => listIn(tx, query, this.#clock.now()));
  }

  /** One snapshot of the three states. */
  async get(key: Key): Promise<KeyState | undefined> {
    return this.#db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (tx) => {
        const running = await tx
          .selectFrom('queue_in_progress')
          .selectAll()
          .where('key', '=', key)
          .executeTakeFirst();
        const waiting = await tx
          .selectFrom('queue_queued')
          .selectAll()
          .where('key', '=', key)
          .executeTakeFirst();
        const parked = await tx
          .selectFrom('queue_dead_letter')
          .selectAll()
          .where('key', '=', key)
          .executeTakeFirst();
        const inProgress = running && inProgressRecord(running);
        const queued = waiting && queuedRecord(waiting);
        const deadLettered = parked && deadLetterRecord(parked);
        const status = (inProgress ?? queued ?? deadLettered)?.state;
        return status === undefined ? undefined : { key, status, inProgress, queued, deadLettered };
      });
  }

  async retry(keys?: readonly Key[]): Promise<readonly Key[]> {
    if (keys?.length === 0) return [];
    return this.#transact(async (tx) => {
      const parked = tx.selectFrom('queue_dead_letter').select(['key', 'priority']);
      const rows = await (
        keys === undefined ? parked : parked.where('key', 'in', [...keys])
      ).execute();
      const requests = rows.map(({ key, priority }) => ({ key: key as Key, priority }));
      await this.enqueueIn(tx, requests, { reason: 'retried by hand' });
      return requests.map(({ key }) => key).sort(compareBytes);
    });
  }

  async history(key: Key): Promise<readonly AttemptRecord[]> {
    const rows = await this.#db
      .selectFrom('queue_attempt')
      .selectAll()
      .where('key', '=', key)
      .orderBy('number', 'desc')
      .limit(attemptsKeptMax)
      .execute();
    return rows.map(attemptRecord);
  }

  async recentAttempts(
    query: { readonly keyPrefix?: string; readonly limit?: number } = {},
  ): Promise<readonly AttemptRecord[]> {
    const rows = await this.#db
      .selectFrom('queue_attempt')
      .selectAll()
      .where(sql<boolean>`starts_with(key, ${query.keyPrefix ?? ''})`)
      .orderBy('number', 'desc')
      .limit(limitOf(query))
      .execute();
    return rows.map(attemptRecord);
  }

  async nextEligibleAt(): Promise<number | undefined> {
    const { rows } = await sql<{
      at: number | null;
    }>`select min(eligible_since) as at from queue_queued
      where not ready and eligible_since > ${this.#clock.now()}`.execute(this.#db);
    return rows[0]?.at ?? undefined;
  }

  #claimStore(): ClaimStore {
    return {
      renew: async ({ key, attemptId }, expiresAt) => {
        const { numUpdatedRows } = await this.#db
          .updateTable('queue_in_progress')
          .set({ lease_expires_at: expiresAt })
          .where('key', '=', key)
          .where('attempt_id', '=', attemptId)
          .executeTakeFirst();
        return numUpdatedRows === 1n ? 'renewed' : 'lost';
      },
      finish: (record, verdict) =>
        this.#transact((tx) => finishIn(tx, record, verdict, this.#clock.now())),
      attachLog: async ({ attemptId }, log) => {
        await this.#db
          .updateTable('queue_attempt')
          .set({ log })
          .where('attempt_id', '=', attemptId)
          .execute();
      },
    };
  }

  /** A deadlock or a serialisation failure changed nothing and is tried again. */
  async #transact<T>(body: (tx: Transaction<Database>) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#db.transaction().execute(body);
      } catch (error) {
        const code = (error as { code?: unknown }).code;
        if (tries >= 5 || (code !== '40P01' && code !== '40001')) throw error;
      }
    }
  }
}
