import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '@kiln/base';
import { digestOf, hexOf, sha512Of } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { ActionResult, Publication } from '@kiln/factory';
import { builtPackage, buildResult } from '@kiln/factory/testing';
import type { OtherNames, SweepReport } from '@kiln/retention';
import { retentionDefault, sweep, whyKept } from '@kiln/retention';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connect } from './connect.ts';
import type { Database } from './database.ts';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from './embedded.ts';
import { PostgresRecords } from './factory-records.ts';
import { migrate } from './migrate.ts';
import { namingQueries, tablesWithoutBlobs } from './naming-rows.ts';
import { PostgresQueue } from './queue.ts';
import { PostgresRegistryState } from './registry-state.ts';
import { PostgresRetention } from './retention.ts';

const dayMs = 86_400_000;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

let home: string;
let database: Kysely<Database>;
let nowMs: number;
let blobs: MemoryBlobs;
let registry: PostgresRegistryState;
let records: PostgresRecords;
let retention: PostgresRetention;
let others: OtherNames;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'kiln-retention-'));
  const { socketDirectory } = await startEmbeddedPostgres({ home });
  database = connect({ socketDirectory });
  await migrate(database);
});

beforeEach(async () => {
  const tables = [...namingQueries.map(({ table }) => table), ...tablesWithoutBlobs].filter(
    (table) => table !== 'kiln_migration',
  );
  await sql
    .raw(`truncate ${[...tables, 'registry_tag'].join(', ')} restart identity`)
    .execute(database);
  nowMs = Date.UTC(2026, 10, 1);
  const clock = { now: () => nowMs };
  blobs = new MemoryBlobs({ clock });
  registry = new PostgresRegistryState({ database, clock });
  records = new PostgresRecords({
    database,
    queue: new PostgresQueue({ db: database, clock }),
    clock,
  });
  retention = new PostgresRetention(database);
  others = { bySha512: async () => undefined, async *texts() {} };
});

afterAll(async () => {
  await database.destroy();
  await stopEmbeddedPostgres(home);
  await rm(home, { recursive: true, force: true });
});

const run = (dryRun = false, policy = retentionDefault): Promise<SweepReport> =>
  sweep({ records: retention, blobs, others, clock: { now: () => nowMs } }, { policy, dryRun });

const counted = ({ removed }: SweepReport): Record<string, number> =>
  Object.fromEntries(removed.map(({ kind, count }) => [kind, count]));

const put = async (text: string): Promise<Digest> => (await blobs.put(Buffer.from(text))).digest;

const there = async (...texts: readonly string[]): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const text of texts) if ((await blobs.stat(digestOf(text))) !== undefined) found.push(text);
  return found;
};

/** Publishes a manifest with this text that holds blobs with these. */
async function push(
  repository: string,
  text: string,
  holds: readonly string[],
  more: Partial<Publication['manifests'][number]> & { readonly tag?: string } = {},
): Promise<Digest> {
  const digest = await put(text);
  const { tag, ...facts } = more;
  const held: Digest[] = [];
  for (const one of holds) held.push(await put(one));
  const manifests = await registry.manifests(repository, held);
  await registry.publish({
    repository,
    blobs: held.filter((one) => !manifests.has(one)).map((one) => ({ digest: one, sizeBytes: 1 })),
    manifests: [
      {
        digest,
        mediaType: manifestType,
        sizeBytes: text.length,
        subject: undefined,
        artifactType: undefined,
        annotations: {},
        holds: held,
        ...facts,
      },
    ],
    tags: tag === undefined ? [] : [{ tag, digest, expected: 'any' }],
  });
  return digest;
}

it('every table names blobs or is known not to', async () => {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname = 'public' order by relname collate "C"`.execute(
    database,
  );
  const known = [...namingQueries.map(({ table }) => table as string), ...tablesWithoutBlobs];
  expect(known.toSorted()).toEqual(rows.map((row) => row.name));
});

describe('a sweep of a registry', () => {
  it('keeps what is tagged or in history with all that belongs to it, and forgets the rest in time', async () => {
    const v1 = await push('app', 'v1', ['config 1', 'base'], { tag: 'latest' });
    await push('app', 'signature of v1', ['bundle 1'], { subject: v1 });
    await push('app', 'v2', ['config 2', 'base'], { tag: 'latest' });
    const stray = await push('app', 'stray', ['config 3', 'base']);
    await push('app', 'signature of stray', ['bundle 3'], { subject: stray });
    await registry.publish({
      repository: 'app',
      blobs: [{ digest: await put('upload'), sizeBytes: 1 }],
      manifests: [],
      tags: [],
    });
    const kept = ['v1', 'config 1', 'base', 'signature of v1', 'bundle 1', 'v2', 'config 2'];
    const rest = ['stray', 'config 3', 'signature of stray', 'bundle 3', 'upload'];
    nowMs += 2 * dayMs;
    expect(counted(await run())).toEqual({ link: 1, blob: 1 });
    nowMs += 13 * dayMs;
    const planned = counted(await run(true));
    expect(planned).toEqual({ manifest: 2, link: 2, blob: 4 });
    expect(await there(...kept, ...rest)).toEqual([...kept, ...rest.slice(0, -1)]);
    expect(counted(await run())).toEqual(planned);
    expect(await there(...kept, ...rest)).toEqual(kept);
    expect(counted(await run())).toEqual({});
    expect((await registry.manifests('app', [v1, stray])).size).toBe(1);
    expect(await retention.lastReport()).toMatchObject({ dryRun: false, removed: [] });
  });

  it('forgets what a person deleted, and what a deleted tag named only after that', async () => {
    const v1 = await push('app', 'v1', ['layer'], { tag: 'a' });
    await push('app', 'v2', ['layer 2'], { tag: 'b' });
    await registry.deleteTag('app', 'b');
    await registry.deleteManifest('app', v1);
    nowMs += 15 * dayMs;
    expect(counted(await run())).toEqual({ link: 1, blob: 2 });
    expect(await there('v1', 'layer', 'v2', 'layer 2')).toEqual(['v2', 'layer 2']);
  });

  it('keeps what says something of a manifest by its second name, which goes with the manifest', async () => {
    const name = sha512Of('image');
    const absent = sha512Of('absent');
    await push('app', 'signature', ['bundle'], { subject: name });
    await push('app', 'signature of nothing', ['other bundle'], { subject: absent });
    const image = await push('app', 'image', ['layer'], { sha512: name, tag: 'v1' });
    const stray = await push('app', 'stray', ['layer'], { sha512: sha512Of('stray') });
    nowMs += 15 * dayMs;
    expect(counted(await run())).toEqual({ manifest: 2, link: 1, blob: 3 });
    expect(await there('image', 'layer', 'signature', 'bundle')).toHaveLength(4);
    expect(await registry.named('app', [name, sha512Of('stray')])).toEqual(
      new Map([[name, image]]),
    );
    expect((await registry.manifests('app', [stray])).size).toBe(0);
  });

  it('spares what whoever pushes asked for since', async () => {
    const member = await push('app', 'member', ['layer']);
    await registry.publish({
      repository: 'app',
      blobs: [{ digest: await put('asked for'), sizeBytes: 1 }],
      manifests: [],
      tags: [],
    });
    nowMs += 15 * dayMs;
    await registry.renew('app', member);
    await registry.renew('app', digestOf('asked for'));
    expect(counted(await run())).toEqual({});
    await push('app', 'index', ['member', 'asked for'], { tag: 'latest' });
    nowMs += 15 * dayMs;
    expect(counted(await run())).toEqual({});
  });

  it('reads what manifests of older factories list, and touches nothing while it cannot', async () => {
    const config = await put('{}');
    const document = JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: 2 },
      layers: [],
    });
    const digest = await push('old', document, ['{}', 'not listed'], { tag: 'latest' });
    await push('lost', 'no manifest', ['layer'], { tag: 'latest' });
    await sql`update registry_manifest set holds = null`.execute(database);
    nowMs += 3 * dayMs;
    const report = await run();
    expect(report.unread).toEqual(['lost']);
    expect(counted(report)).toEqual({ link: 1, blob: 1 });
    expect(await there('{}', 'not listed', 'layer')).toEqual(['{}', 'layer']);
    expect((await registry.manifests('old', [digest])).get(digest)?.holds).toEqual([config]);
  });

  it('removes components that no image has any more', async () => {
    const digest = await push('app', 'stray', []);
    const other = await push('app', 'other stray', []);
    const kept = await push('app', 'kept', [], { tag: 'latest' });
    const zlib = [{ type: 'apk', name: 'zlib', version: '1-r0' }];
    const curl = [{ type: 'apk', name: 'curl', version: '1-r0' }];
    const publication = { repository: 'app', blobs: [], manifests: [], tags: [] };
    const components = [
      { digest, components: zlib },
      { digest: other, components: curl },
      { digest: kept, components: curl },
    ];
    await registry.publish({ ...publication, components });
    nowMs += 15 * dayMs;
    const planned = counted(await run(true));
    expect(planned).toEqual({ manifest: 2, components: 1, blob: 2 });
    expect(counted(await run())).toEqual(planned);
    const { rows } = await sql<{ count: number }>`select count(*) from component_in_set`.execute(
      database,
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  it('loses nothing to a storm of pushes beside it', async () => {
    const layers = Array.from({ length: 12 }, (_, at) => `layer ${at}`);
    for (const layer of layers) await push('old', `old ${layer}`, [layer]);
    nowMs += 15 * dayMs;
    let over = false;
    const sweeping = (async () => {
      const totals: SweepReport[] = [];
      while (!over) totals.push(await run());
      return totals;
    })();
    const pushed: (readonly [string, Digest, readonly string[]])[] = [];
    await Promise.all(
      Array.from({ length: 6 }, async (_, pusher) => {
        for (let at = 0; at < 15; at += 1) {
          const repository = at % 2 === 0 ? 'old' : `new ${pusher}`;
          const holds = [layers[(at * 5 + pusher) % 12]!, `own ${pusher} ${at}`];
          const digest = await push(repository, `m ${pusher} ${at}`, holds, {
            tag: `${pusher}-${at}`,
          });
          pushed.push([repository, digest, holds]);
        }
      }),
    );
    over = true;
    expect((await sweeping).length).toBeGreaterThan(1);
    nowMs += 15 * dayMs;
    await run();
    for (const [repository, digest, holds] of pushed) {
      expect((await registry.manifests(repository, [digest])).size).toBe(1);
      expect(await there(...holds)).toEqual(holds);
      expect(
        (
          await registry.blobs(
            repository,
            holds.map((one) => digestOf(one)),
          )
        ).size,
      ).toBe(2);
      expect(await blobs.stat(digest)).toBeDefined();
    }
  });
});

describe('a sweep of a factory', () => {
  const key = 'package:zlib@x86_64';
  const built = (version: string): ActionResult =>
    buildResult(
      [builtPackage({ name: 'zlib', version })],
      [builtPackage({ name: 'gcc', version: '1-r0' }, 'source')],
    );
  const storeResult = async (version: string): Promise<Digest> => {
    await put(`zlib ${version} `);
    const action = digestOf(`action ${version}`);
    await records.recordAction(action, key, built(version));
    return action;
  };
  const stand = async (action: Digest | undefined): Promise<void> => {
    const bundle = await put(`{"source":"expected-sha256: ${hexOf(digestOf('tarball'))}"}`);
    const desired = { key, kind: 'package', name: 'zlib', catalog: 'os', bundle } as const;
    await records.applyCatalog('os', [{ ...desired, dependsOn: [], mayNeed: [] }], []);
    await records.setState({
      key,
      desired: bundle,
      status: 'ready',
      stage: '',
      waitingFor: [],
      errorCode: '',
      errorMessage: '',
      errorHint: '',
      action,
    });
  };

  it('keeps results that keys stand on, their inputs and the sources that are wanted', async () => {
    const old = await storeResult('1-r0');
    await put('gcc 1-r0 source');
    await put('tarball');
    await put('another tarball');
    await stand(await storeResult('2-r0'));
    const all = ['zlib 1-r0 ', 'zlib 2-r0 ', 'gcc 1-r0 source', 'tarball', 'another tarball'];
    nowMs += 29 * dayMs;
    expect(counted(await run())).toEqual({ blob: 1 });
    nowMs += 2 * dayMs;
    expect(counted(await run())).toEqual({ result: 1, blob: 1 });
    expect(await there(...all)).toEqual(['zlib 2-r0 ', 'gcc 1-r0 source', 'tarball']);
    expect(await records.action(old)).toBeUndefined();
  });

  it('keeps a result that is about to stand again', async () => {
    const old = await storeResult('1-r0');
    nowMs += 31 * dayMs;
    expect(await records.useAction(old)).toMatchObject({ kind: 'package' });
    expect(counted(await run())).toEqual({});
  });

  it('keeps generations for ever, or the newest ten and those that are young enough', async () => {
    for (let number = 0; number < 14; number += 1) {
      const apk = builtPackage({ name: 'zlib', version: `${number}-r0` });
      await put(`zlib ${number}-r0 `);
      const indexBlob = await put(`index ${number}`);
      const next = {
        repository: 'os',
        arch: 'x86_64',
        indexBlob,
        unsigned: indexBlob,
        packages: [apk],
      };
      await records.publishGeneration(next, number);
      nowMs += dayMs;
    }
    nowMs += 400 * dayMs;
    expect(counted(await run())).toEqual({});
    const policy = { ...retentionDefault, generationsMs: 365 * dayMs };
    expect(counted(await run(true, policy))).toEqual({ generation: 4, blob: 8 });
    expect(counted(await run(false, policy))).toEqual({ generation: 4, blob: 8 });
    expect(await records.generation('os', 'x86_64', 4)).toBeUndefined();
    expect(await records.generation('os', 'x86_64', 5)).toBeDefined();
    expect(await there('index 3', 'index 4', 'zlib 3-r0 ', 'zlib 4-r0 ')).toEqual([
      'index 4',
      'zlib 4-r0 ',
    ]);
  });

  it('keeps what is said of files that are kept', async () => {
    await stand(await storeResult('1-r0'));
    for (const version of ['1-r0', '9-r0']) {
      const subject = digestOf(`zlib ${version} `);
      const bundle = await put(`bundle ${version}`);
      await records.recordAttestations(key, [{ subject, predicateType: 'slsa', bundle }]);
      await records.recordLedger([
        { kind: 'statement', digest: await put(`said ${version}`), key },
      ]);
    }
    nowMs += 29 * dayMs;
    expect(counted(await run())).toEqual({});
    nowMs += 2 * dayMs;
    expect(counted(await run(true))).toEqual({ attestation: 1, ledger: 2, blob: 3 });
    expect(counted(await run())).toEqual({ attestation: 1, ledger: 2, blob: 3 });
    expect(await there('bundle 1-r0', 'bundle 9-r0', 'said 1-r0')).toEqual(['bundle 1-r0']);
  });

  it('runs alone, and holds nobody up who claims keys or publishes', async () => {
    const queue = new PostgresQueue({ db: database, clock: { now: () => nowMs } });
    await retention.alone(async () => {
      await expect(run()).rejects.toMatchObject({ code: 'RETENTION_BUSY' });
      await queue.enqueue([{ key, reason: 'test', priority: 1 }]);
      const pools = [{ name: 'package', prefixes: ['package'], concurrency: 1 }];
      const [claim] = await queue.claim({ owner: 'test', limit: 1, pools });
      await claim?.complete();
      expect(claim?.key).toBe(key);
      await push('app', 'v1', ['layer'], { tag: 'latest' });
    });
    expect(counted(await run())).toEqual({});
  });
});

describe('why something is kept', () => {
  const why = (text: string): ReturnType<typeof whyKept> =>
    whyKept(
      { records: retention, blobs, clock: { now: () => nowMs } },
      retentionDefault,
      digestOf(text),
    );

  it('is told up to the tag, or the record, that keeps it', async () => {
    const v1 = await push('app', 'v1', ['layer'], { tag: 'latest' });
    await push('app', 'signature', ['bundle'], { subject: v1 });
    nowMs += 15 * dayMs;
    expect(await why('bundle')).toMatchObject({
      sizeBytes: 6,
      collectable: false,
      repositories: [
        {
          repository: 'app',
          reasons: [
            { kind: 'held', by: digestOf('signature') },
            { kind: 'about', subject: v1 },
            { kind: 'tag', tag: 'latest' },
          ],
        },
      ],
    });
    await records.recordAction(digestOf('action'), 'package:zlib@x86_64', {
      kind: 'test',
      apks: [digestOf('apk')],
      tests: [],
    });
    expect(await why('apk')).toMatchObject({
      sizeBytes: undefined,
      records: [{ source: 'result', id: digestOf('action') }],
      collectable: false,
    });
    await put('nobody names it');
    expect(await why('nobody names it')).toMatchObject({ sizeBytes: 15, collectable: true });
  });
});
