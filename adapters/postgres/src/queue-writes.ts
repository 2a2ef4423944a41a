import {
  attemptsKeptMax,
  claimed,
  deadLettered,
  freshRecord,
  incomingByKey,
  mergeEnqueue,
  outcomeOf,
  requeued,
} from '@kiln/queue';
import type {
  Claim,
  ClaimPool,
  EnqueueOptions,
  EnqueueRequest,
  EnqueueResult,
  Finish,
  Incoming,
  InProgressRecord,
  Key,
  QueuedRecord,
  Verdict,
} from '@kiln/queue';
import { sql } from 'kysely';
import type { Transaction } from 'kysely';
import type { Database } from './database.ts';
import { advisoryLocks } from './locks.ts';
import {
  attemptRow,
  deadLetterRow,
  errorColumns,
  inProgressRecord,
  inProgressRow,
  queuedRecord,
  queuedRow,
} from './queue-rows.ts';

/*
 * The transitions of the queue in SQL. Each runs inside one transaction; the rules themselves are the pure functions of
 * the queue engine. Rows of `queue_queued` are locked in the order of their keys; claims are serialised by an advisory
 * lock, so that a pool is never overfilled, and skip rows that an enqueue holds.
 */

type Tx = Transaction<Database>;

/** The channel on which each change is announced at commit. */
export const queueChannel = 'kiln_queue';

/** Well below the 65,535 parameters of one statement. */
const batchMax = 1_000;

/** Enqueues in the caller's transaction: what caused it and the keys become visible together or not at all. */
export async function enqueueIn(
  tx: Tx,
  requests: readonly EnqueueRequest[],
  options: EnqueueOptions,
  now: number,
): Promise<EnqueueResult> {
  const all = [...incomingByKey(requests, options, now).values()];
  let added = 0;
  for (let start = 0; start < all.length; start += batchMax) {
    added += await enqueueBatch(tx, all.slice(start, start + batchMax), now);
  }
  if (all.length > 0) await announce(tx);
  return { added, merged: requests.length - added };
}

/** Inserts what is absent and merges the rest; a record that is claimed in between is inserted anew. */
async function enqueueBatch(tx: Tx, batch: readonly Incoming[], now: number): Promise<number> {
  const rows = batch.map((incoming) => queuedRow(freshRecord(incoming, now), now));
  const inserted = await tx
    .insertInto('queue_queued')
    .values(rows)
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .execute();
  const fresh = new Set<string>(inserted.map(({ key }) => key));
  const rest = batch.filter(({ key }) => !fresh.has(key));
  if (rest.length === 0) return fresh.size;
  const merged = await mergeExisting(tx, rest, now);
  const vanished = rest.filter(({ key }) => !merged.has(key));
  return fresh.size + (vanished.length === 0 ? 0 : await enqueueBatch(tx, vanished, now));
}

async function mergeExisting(
  tx: Tx,
  batch: readonly Incoming[],
  now: number,
): Promise<Set<string>> {
  const incoming = new Map<string, Incoming>(batch.map((one) => [one.key, one]));
  const rows = await tx
    .selectFrom('queue_queued')
    .selectAll()
    .where('key', 'in', [...incoming.keys()])
    .orderBy('key')
    .forUpdate()
    .execute();
  for (const row of rows) {
    const existing = queuedRecord(row);
    const one = incoming.get(row.key);
    const merged = one === undefined ? existing : mergeEnqueue(existing, one);
    if (merged !== existing) await updateQueued(tx, merged, now);
  }
  return new Set(rows.map(({ key }) => key));
}

async function updateQueued(tx: Tx, record: QueuedRecord, now: number): Promise<void> {
  const { key, ...columns } = queuedRow(record, now);
  await tx.updateTable('queue_queued').set(columns).where('key', '=', key).execute();
}

export interface ClaimOrder {
  readonly owner: string;
  readonly limit: number;
  readonly pools: readonly ClaimPool[];
  readonly now: number;
  readonly leaseMs: number;
  nextAttemptId(): string;
}

/** Moves the most urgent eligible keys to in progress, as far as the pools have room. */
export async function claimIn(tx: Tx, order: ClaimOrder): Promise<readonly InProgressRecord[]> {
  await sql`select pg_advisory_xact_lock(${advisoryLocks.claim})`.execute(tx);
  await promote(tx, order.now);
  const candidates: { record: QueuedRecord; pool: string }[] = [];
  for (const pool of order.pools) {
    const records = await candidatesOf(tx, pool, order);
    candidates.push(...records.map((record) => ({ record, pool: pool.name })));
  }
  const chosen = candidates.sort((a, b) => dispatchOrder(a.record, b.record)).slice(0, order.limit);
  if (chosen.length === 0) return [];
  const { owner, now, leaseMs } = order;
  const records = chosen.map(({ record, pool }) => {
    const claim: Claim = { attemptId: order.nextAttemptId(), owner, pool, now, leaseMs };
    return claimed(record, claim);
  });
  await storeClaims(tx, records);
  return records;
}

/** Marks what has become eligible, so that dispatch reads one index in its order. Rows held by others come next time. */
export async function promote(tx: Tx, now: number): Promise<void> {
  await sql`update queue_queued set ready = true where key in (
    select key from queue_queued where not ready and eligible_since <= ${now}
    order by eligible_since, key limit 5000 for update skip locked)`.execute(tx);
}

async function candidatesOf(tx: Tx, pool: ClaimPool, order: ClaimOrder): Promise<QueuedRecord[]> {
  const { count } = await tx
    .selectFrom('queue_in_progress')
    .select((of) => of.fn.countAll<number>().as('count'))
    .where('pool', '=', pool.name)
    .executeTakeFirstOrThrow();
  const room = Math.min(pool.concurrency - count, order.limit, batchMax);
  if (room <= 0 || pool.prefixes.length === 0) return [];
  const found: QueuedRecord[] = [];
  for (const prefix of pool.prefixes)
    found.push(...(await mostUrgent(tx, prefix, room, order.now)));
  return found.sort(dispatchOrder).slice(0, room);
}

async function mostUrgent(
  tx: Tx,
  prefix: string,
  limit: number,
  now: number,
): Promise<QueuedRecord[]> {
  const rows = await tx
    .selectFrom('queue_queued')
    .selectAll()
    .where('prefix', '=', prefix)
    .where('ready', '=', sql.lit(true))
    .where('eligible_since', '<=', now)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('queue_in_progress as r')
            .select('r.key')
            .whereRef('r.key', '=', 'queue_queued.key'),
        ),
      ),
    )
    .orderBy(sql`-priority`)
    .orderBy('eligible_since')
    .orderBy('key')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map(queuedRecord);
}

function dispatchOrder(a: QueuedRecord, b: QueuedRecord): number {
  return (
    b.priority - a.priority ||
    a.eligibleSince - b.eligibleSince ||
    Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))
  );
}

async function storeClaims(tx: Tx, records: readonly InProgressRecord[]): Promise<void> {
  const keys = records.map(({ key }) => key);
  await tx.deleteFrom('queue_queued').where('key', 'in', keys).execute();
  await tx.insertInto('queue_in_progress').values(records.map(inProgressRow)).execute();
  await tx.insertInto('queue_attempt').values(records.map(attemptRow)).execute();
  await sql`delete from queue_attempt where number in (
    select number from (
      select number, row_number() over (partition by key order by number desc) as place
      from queue_attempt where key = any(${keys})) as numbered
    where place > ${attemptsKeptMax})`.execute(tx);
}

/** Ends an attempt, if the key is still its own. */
export async function finishIn(
  tx: Tx,
  { key, attemptId }: Pick<InProgressRecord, 'key' | 'attemptId'>,
  verdict: Verdict | ((current: InProgressRecord) => Verdict),
  now: number,
): Promise<Finish> {
  const row = await tx
    .deleteFrom('queue_in_progress')
    .where('key', '=', key)
    .where('attempt_id', '=', attemptId)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return 'lost';
  const current = inProgressRecord(row);
  const decided = typeof verdict === 'function' ? verdict(current) : verdict;
  await settle(tx, current, decided, now);
  await tx
    .updateTable('queue_attempt')
    .set({ finished_at: now, outcome: outcomeOf(decided), ...errorColumns(failureOf(decided)) })
    .where('attempt_id', '=', attemptId)
    .execute();
  await announce(tx);
  return 'finished';
}

function failureOf(verdict: Verdict): Verdict['failure'] {
  return verdict.failure;
}

async function settle(
  tx: Tx,
  current: InProgressRecord,
  verdict: Verdict,
  now: number,
): Promise<void> {
  switch (verdict.kind) {
    case 'complete':
      await tx.deleteFrom('queue_dead_letter').where('key', '=', current.key).execute();
      return;
    case 'requeue':
      return putBack(tx, current, verdict, now);
    case 'deadLetter': {
      const { key, ...columns } = deadLetterRow(deadLettered(current, verdict.failure, now));
      await tx
        .insertInto('queue_dead_letter')
        .values({ key, ...columns })
        .onConflict((conflict) => conflict.column('key').doUpdateSet(columns))
        .execute();
    }
  }
}

/** Into the queue, or merged into the record that an enqueue put there meanwhile; whichever vanishes is tried again. */
async function putBack(
  tx: Tx,
  current: InProgressRecord,
  verdict: Extract<Verdict, { kind: 'requeue' }>,
  now: number,
): Promise<void> {
  for (;;) {
    const inserted = await tx
      .insertInto('queue_queued')
      .values(queuedRow(requeued(current, verdict, now, undefined), now))
      .onConflict((conflict) => conflict.column('key').doNothing())
      .returning('key')
      .executeTakeFirst();
    if (inserted !== undefined) return;
    const twin = await tx
      .selectFrom('queue_queued')
      .selectAll()
      .where('key', '=', current.key)
      .forUpdate()
      .executeTakeFirst();
    if (twin !== undefined)
      return updateQueued(tx, requeued(current, verdict, now, queuedRecord(twin)), now);
  }
}

/** The attempts whose lease has run out, locked; those that somebody else is dealing with are skipped. */
export async function lockOrphans(
  tx: Tx,
  now: number,
): Promise<readonly { key: Key; attemptId: string }[]> {
  const rows = await tx
    .selectFrom('queue_in_progress')
    .select(['key', 'attempt_id'])
    .where('lease_expires_at', '<=', now)
    .orderBy('key')
    .limit(batchMax)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map(({ key, attempt_id }) => ({ key: key as Key, attemptId: attempt_id }));
}

async function announce(tx: Tx): Promise<void> {
  await sql`select pg_notify(${queueChannel}, '')`.execute(tx);
}
