import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { digestOf } from '@kiln/base';
import type { Desired, Generation } from '@kiln/factory';
import { KeyWriter, pendingOf } from '@kiln/factory';
import type { Key } from '@kiln/queue';
import { ManualTime } from '@kiln/queue';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect } from './connect.ts';
import type { Database } from './database.ts';
import type { EmbeddedPostgres } from './embedded.ts';
import { startEmbeddedPostgres } from './embedded.ts';
import { PostgresRecords } from './factory-records.ts';
import { migrate } from './migrate.ts';
import { PostgresQueue } from './queue.ts';

let home: string;
let server: EmbeddedPostgres;
let db: Kysely<Database>;
let queue: PostgresQueue;
let records: PostgresRecords;

beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'kiln-records-'));
  server = await startEmbeddedPostgres({ home });
  db = connect({ socketDirectory: server.socketDirectory });
  await migrate(db);
}, 60_000);

afterAll(async () => {
  await db.destroy();
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

beforeEach(async () => {
  await sql`truncate desired, catalog_problem, key_state, action, ledger, attestation, generation, queue_queued, queue_in_progress, queue_dead_letter, queue_attempt`.execute(
    db,
  );
  const time = new ManualTime();
  queue = new PostgresQueue({ db, clock: time });
  records = new PostgresRecords({ database: db, queue, clock: time });
});

function desired(
  key: Key,
  content: string,
  dependsOn: readonly Key[] = [],
  mayNeed: readonly Key[] = [],
): Desired {
  return {
    key,
    kind: key.split(':')[0] as Desired['kind'],
    name: key.split(':')[1]?.split('@')[0] ?? '',
    catalog: 'one',
    bundle: digestOf(content),
    dependsOn,
    mayNeed,
  };
}

const zlib: Key = 'package:zlib@x86_64';
const server1: Key = 'package:server@x86_64';
const image: Key = 'image:server';

const queuedKeys = async (): Promise<string[]> =>
  (await queue.list({ state: 'eligible' })).records.map((record) => record.key).sort();

test('results of many actions are read at once, those that there are', async () => {
  const result = { kind: 'test', apks: [digestOf('apk')], tests: [] } as const;
  for (const name of ['one', 'two', 'other'])
    await records.recordAction(digestOf(name), 'test:zlib@x86_64', result);
  expect(await records.actions(['two', 'none', 'one'].map(digestOf))).toEqual(
    new Map(['one', 'two'].map((name) => [digestOf(name), result])),
  );
  expect(await records.actions([])).toEqual(new Map());
});

describe('the desired state', () => {
  test('what changed is enqueued with it, and what did not change is not', async () => {
    expect(
      await records.applyCatalog('one', [desired(zlib, 'a'), desired(server1, 'b', [zlib])], []),
    ).toEqual([zlib, server1]);
    expect(await queuedKeys()).toEqual([server1, zlib]);
    for (const owned of await queue.claim({
      owner: 'test',
      limit: 10,
      pools: [{ name: 'all', prefixes: ['package'], concurrency: 10 }],
    }))
      await owned.complete();
    expect(
      await records.applyCatalog('one', [desired(zlib, 'A'), desired(server1, 'b', [zlib])], []),
    ).toEqual([zlib]);
    expect(await queuedKeys()).toEqual([zlib]);
  });

  test('a key whose file cannot be read keeps what it had', async () => {
    await records.applyCatalog('one', [desired(zlib, 'a')], []);
    await records.applyCatalog(
      'one',
      [],
      [{ catalog: 'one', key: zlib, code: 'YAML_INVALID', message: 'no', hint: '' }],
    );
    expect((await records.desired(zlib))?.bundle).toBe(digestOf('a'));
    expect(await records.problems()).toHaveLength(1);
  });

  test('a key that is gone is enqueued once more, so that its reconciler cleans up', async () => {
    await records.applyCatalog('one', [desired(zlib, 'a')], []);
    expect(await records.applyCatalog('one', [], [])).toEqual([zlib]);
    expect(await records.desired(zlib)).toBeUndefined();
  });

  test('dependants are those that need a key and those that may need it', async () => {
    await records.applyCatalog(
      'one',
      [desired(zlib, 'a'), desired(server1, 'b', [zlib]), desired(image, 'c', [server1], [zlib])],
      [],
    );
    const later = (key: Key) => ({ key, first: false });
    expect(await records.dependants([zlib])).toEqual([image, server1].map(later));
    expect(await records.dependants([server1])).toEqual([later(image)]);
    expect(await records.dependants([])).toEqual([]);
  });

  test('catalogs that are no longer given lose their keys', async () => {
    await records.applyCatalog('one', [desired(zlib, 'a')], []);
    await records.retainCatalogs(['two']);
    expect(await records.listDesired()).toEqual([]);
  });
});

describe('the actual state', () => {
  const open = async (key: Key): Promise<KeyWriter> => {
    const wanted = await records.desired(key);
    if (wanted === undefined) throw new Error(`no ${key}`);
    return KeyWriter.open(records, wanted);
  };

  test('a key is pending until it is ready for what is desired now', async () => {
    await records.applyCatalog('one', [desired(zlib, 'a')], []);
    expect(await pendingOf(records, [zlib])).toEqual([zlib]);
    await (await open(zlib)).ready(digestOf('result'));
    expect(await pendingOf(records, [zlib])).toEqual([]);
    await records.applyCatalog('one', [desired(zlib, 'b')], []);
    expect(await pendingOf(records, [zlib])).toEqual([zlib]);
  });

  test('becoming ready wakes what depends on it, staying ready does not', async () => {
    await records.applyCatalog('one', [desired(zlib, 'a'), desired(server1, 'b', [zlib])], []);
    for (const owned of await queue.claim({
      owner: 'test',
      limit: 10,
      pools: [{ name: 'all', prefixes: ['package'], concurrency: 10 }],
    })) {
      await owned.complete();
    }
    expect(await (await open(zlib)).ready(digestOf('result'))).toEqual({ kind: 'done' });
    expect(await queuedKeys()).toEqual([server1]);
    expect(await (await open(zlib)).ready(digestOf('result'))).toEqual({ kind: 'done' });
  });

  test('while a key is made anew its last good result stands', async () => {
    await records.applyCatalog('one', [desired(zlib, 'a')], []);
    await (await open(zlib)).ready(digestOf('result'));
    await (await open(zlib)).working('building');
    expect(await records.state(zlib)).toMatchObject({
      status: 'working',
      action: digestOf('result'),
    });
  });

  test('a key that is no longer desired gets no state', async () => {
    await records.applyCatalog('one', [desired(zlib, 'a')], []);
    const writer = await open(zlib);
    await records.applyCatalog('one', [], []);
    await writer.working('building');
    expect(await records.state(zlib)).toBeUndefined();
  });

  test('a state says that it waits for something that failed', async () => {
    await records.applyCatalog('one', [desired(zlib, 'a'), desired(server1, 'b', [zlib])], []);
    await (
      await open(zlib)
    ).failed(new (await import('@kiln/base')).KilnError('BUILD_STEP_FAILED', 'no'));
    await (await open(server1)).waiting([zlib]);
    expect(await records.state(server1)).toMatchObject({
      status: 'waiting',
      stage: `stopped by ${zlib}`,
      waitingFor: [zlib],
    });
  });
});

describe('generations', () => {
  const next = (content: string): Omit<Generation, 'number' | 'createdAt'> => ({
    repository: 'one',
    arch: 'x86_64',
    indexBlob: digestOf(content),
    unsigned: digestOf(`${content} unsigned`),
    packages: [],
  });

  test('of two that follow the same one only the first is published', async () => {
    expect((await records.publishGeneration(next('a'), 0))?.number).toBe(1);
    expect(await records.publishGeneration(next('b'), 0)).toBeUndefined();
    expect((await records.publishGeneration(next('b'), 1))?.number).toBe(2);
    expect((await records.currentGeneration('one', 'x86_64'))?.indexBlob).toBe(digestOf('b'));
    const { packages: _packages, ...head } =
      (await records.generation('one', 'x86_64', 2)) ?? next('');
    expect(await records.generationHead('one', 'x86_64')).toEqual(head);
    expect(await records.generationHead('two', 'x86_64')).toBeUndefined();
    expect((await records.generation('one', 'x86_64', 1))?.indexBlob).toBe(digestOf('a'));
    expect(await records.currentGeneration('two', 'x86_64')).toBeUndefined();
  });

  test('of what is said of a file under one type the latest stands', async () => {
    const about = (subject: string, predicateType: string, bundle: string) => ({
      subject: digestOf(subject),
      predicateType,
      bundle: digestOf(bundle),
    });
    await records.recordAttestations(zlib, [
      about('apk', 'provenance', 'first'),
      about('apk', 'tests', 'tests'),
      about('other', 'provenance', 'other'),
    ]);
    await records.recordAttestations(zlib, [about('apk', 'provenance', 'second')]);
    const said = await records.attestations([digestOf('apk'), digestOf('nothing')]);
    expect([...said].sort((a, b) => (a.predicateType < b.predicateType ? -1 : 1))).toEqual([
      about('apk', 'provenance', 'second'),
      about('apk', 'tests', 'tests'),
    ]);
    expect(await records.attestations([])).toEqual([]);
  });

  test('the ledger knows what was recorded, by kind', async () => {
    await records.recordLedger([{ kind: 'control', digest: digestOf('a'), key: zlib }]);
    await records.recordLedger([{ kind: 'control', digest: digestOf('a'), key: zlib }]);
    expect(await records.inLedger('control', digestOf('a'))).toBe(true);
    expect(await records.inLedger('index', digestOf('a'))).toBe(false);
  });
});
