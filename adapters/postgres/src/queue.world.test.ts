import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { queueConformance } from '@kiln/queue/conformance';
import { seededRandom } from '@kiln/base';
import { Dispatcher, done } from '@kiln/queue';
import type { Key } from '@kiln/queue';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, isConnectionLost } from './connect.ts';
import { describeSchema } from './describe-schema.ts';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from './embedded.ts';
import type { EmbeddedPostgres } from './embedded.ts';
import { migrate, readMigrations } from './migrate.ts';
import { PostgresQueue } from './queue.ts';
import { PostgresWakeups } from './wakeups.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'kiln-queue-'));
let server: EmbeddedPostgres;
let db: ReturnType<typeof connect>;

beforeAll(async () => {
  server = await startEmbeddedPostgres({ home });
  db = connect(server);
  await migrate(db);
});

afterAll(async () => {
  await db.destroy();
  await stopEmbeddedPostgres(home);
  rmSync(home, { recursive: true, force: true });
});

async function empty(): Promise<void> {
  await sql`truncate queue_queued, queue_in_progress, queue_dead_letter, queue_attempt`.execute(db);
}

queueConformance('the queue in PostgreSQL', async () => {
  await empty();
  return {
    open: ({ time, random, times }) =>
      new PostgresQueue({ db, clock: time, timers: time, random, times }),
    [Symbol.asyncDispose]: async () => undefined,
  };
});

test('migrating again does nothing, also from two processes at once', async () => {
  expect(await Promise.all([migrate(db), migrate(db)])).toEqual([[], []]);
});

test('the schema after all migrations is the committed one', async () => {
  await expect(await describeSchema(db)).toMatchFileSnapshot('../schema.sql');
});

test('a changed, an unknown and a failing migration are refused and change nothing', async () => {
  const migrations = await readMigrations();
  const [first] = migrations;
  if (first === undefined) throw new Error('no migrations');
  const changed = migrations.with(0, { ...first, checksum: 'sha256:00' });
  await expect(migrate(db, changed)).rejects.toMatchObject({ code: 'POSTGRES_MIGRATION_CHANGED' });
  await expect(migrate(db, [])).rejects.toMatchObject({ code: 'POSTGRES_MIGRATION_UNKNOWN' });
  const text = 'create table half_done (n int); create table half_done (n int);';
  const broken = { ...first, number: migrations.length + 1, name: '9999-broken.sql', text };
  await expect(migrate(db, [...migrations, broken])).rejects.toMatchObject({
    code: 'POSTGRES_MIGRATION_FAILED',
  });
  expect(await describeSchema(db)).not.toContain('half_done');
});

test('keys enqueued in a transaction appear with it or not at all', async () => {
  await empty();
  const queue = new PostgresQueue({ db });
  const failing = db.transaction().execute(async (tx) => {
    await queue.enqueueIn(tx, ['thing:rolled-back']);
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');
  await db.transaction().execute((tx) => queue.enqueueIn(tx, ['thing:kept']));
  const { records } = await queue.list({ state: 'eligible' });
  expect(records.map(({ key }) => key)).toEqual(['thing:kept']);
});

test('an open transaction that holds a queued key does not keep others from claiming', async () => {
  await empty();
  const queue = new PostgresQueue({ db });
  await queue.enqueue(['thing:held', 'thing:free']);
  await db.transaction().execute(async (tx) => {
    await queue.enqueueIn(tx, ['thing:held'], { priority: 5 });
    const owned = await queue.claim({
      owner: 'x',
      limit: 9,
      pools: [{ name: 'thing', prefixes: ['thing'], concurrency: 9 }],
    });
    expect(owned.map(({ key }) => key)).toEqual(['thing:free']);
  });
});

test('listings and claims read an index, not the backlog', async () => {
  await empty();
  await sql`insert into queue_queued (key, priority, attempts, leases_lost, reason, first_enqueued_at, created_at,
      eligible_since, floored, ready)
    select 'thing:' || n, n % 7, 0, 0, '', 0, 0, n, false, true from generate_series(1, 50000) n`.execute(
    db,
  );
  await sql`analyze queue_queued`.execute(db);
  for (const filter of [sql`prefix = 'thing' and ready`, sql`ready`]) {
    const plan = await sql<{
      'QUERY PLAN': string;
    }>`explain select * from queue_queued where ${filter}
      and eligible_since <= 60000 order by (-priority), eligible_since, key limit 20`.execute(db);
    expect(plan.rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(
      /Index Scan using queue_queued_dispatch/,
    );
  }
  await empty();
});

test(
  'a kill of the database in the middle loses no key, and wake-ups come back',
  { timeout: 120_000 },
  async () => {
    await empty();
    const queue = new PostgresQueue({ db });
    await using wakeups = new PostgresWakeups({ target: server, reconnectMs: 50 });
    await wakeups.start();
    const all = Array.from({ length: 60 }, (_, n): Key => `thing:${n}`);
    const reconciled = new Set<Key>();
    const running = new Set<Key>();
    const stop = new AbortController();
    let overlaps = 0;
    const dispatcher = new Dispatcher({
      queue,
      wakeups,
      owner: 'test',
      pollMs: 200,
      random: seededRandom(1),
      pools: { thing: 4 },
      reconcilers: [
        {
          prefix: 'thing',
          reconcile: async (key) => {
            overlaps += running.has(key) ? 1 : 0;
            running.add(key);
            await new Promise((resolve) => setTimeout(resolve, 20));
            running.delete(key);
            reconciled.add(key);
            return done;
          },
        },
      ],
    });
    const run = dispatcher.run(stop.signal);
    await queue.enqueue(all.slice(0, 30));
    while (reconciled.size < 10) await new Promise((resolve) => setTimeout(resolve, 10));
    process.kill(server.pid, 'SIGKILL');
    await server.exited();
    await expect(queue.enqueue(all)).rejects.toSatisfy(isConnectionLost);
    server = await startEmbeddedPostgres({ home });
    await queue.enqueue(all.slice(30));
    const empties = async (): Promise<boolean> => {
      const counts = await queue.counts();
      return counts.inProgress + counts.eligible + counts.waiting === 0;
    };
    while (!(await empties())) await new Promise((resolve) => setTimeout(resolve, 50));
    stop.abort();
    await run;
    expect([...reconciled].sort()).toEqual([...all].sort());
    expect(overlaps).toBe(0);
    expect((await queue.counts()).deadLettered).toBe(0);
  },
);
