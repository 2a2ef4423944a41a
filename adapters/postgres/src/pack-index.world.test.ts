import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '@kiln/base';
import { packIndexConformance } from '@kiln/blobs/pack-index-conformance';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { connect } from './connect.ts';
import type { Database } from './database.ts';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from './embedded.ts';
import { migrate, readMigrations } from './migrate.ts';
import { PostgresPackIndex } from './pack-index.ts';

let home: string;
let database: Kysely<Database>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'kiln-pack-index-'));
  const { socketDirectory } = await startEmbeddedPostgres({ home });
  database = connect({ socketDirectory });
  await migrate(database, await readMigrations());
});

beforeEach(async () => {
  await sql`truncate blob_pack, blob_pack_entry`.execute(database);
});

afterAll(async () => {
  await database.destroy();
  await stopEmbeddedPostgres(home);
  await rm(home, { recursive: true, force: true });
});

packIndexConformance(() => ({ index: new PostgresPackIndex({ database }) }));

it('keeps blobs apart whose digests begin alike', async () => {
  const index = new PostgresPackIndex({ database });
  const alike = ['0', '1'].map((end): Digest => `sha256:${'f'.repeat(63)}${end}`);
  await index.add('aa', alike, 1);
  expect((await index.find(alike.slice(0, 1))).get(alike[0]!)).toHaveLength(2);
  await index.remove([{ pack: 'aa', entry: 0, digest: alike[0]! }]);
  expect((await index.find(alike)).get(alike[1]!)).toEqual([{ pack: 'aa', entry: 1 }]);
});

it('lists more than one statement asks for', async () => {
  const index = new PostgresPackIndex({ database });
  await sql`insert into blob_pack (name, entries, used_at) values ('aa', 400000, 1)`.execute(
    database,
  );
  await sql`insert into blob_pack_entry select n, (select id from blob_pack), n from generate_series(1, 400000) as n`.execute(
    database,
  );
  let count = 0;
  for await (const { entry } of index.list()) count += entry > 0 ? 1 : 0;
  expect(count).toBe(400_000);
});
