import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, seededRandom } from '@kiln/base';
import { FsBlobs, PackedBlobs } from '@kiln/blobs-fs';
import {
  PostgresPackIndex,
  connect,
  migrate,
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
} from '@kiln/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';

const home = mkdtempSync(path.join(tmpdir(), 'kiln-packs-killed-'));
const directory = path.join(home, 'blobs');
const batchBlobs = 30;
const kills = 6;
let socketDirectory: string;

/** Stores batches of blobs made of a segment and a text, and tells the number of each when it is stored. */
const writer = `
  import { digestOf } from '@kiln/base';
  import { composeBlob, wholeSegment } from '@kiln/blobs';
  import { FsBlobs, PackedBlobs } from '@kiln/blobs-fs';
  import { PostgresPackIndex, connect } from '@kiln/postgres';
  const [directory, socketDirectory, first] = process.argv.slice(1);
  const index = new PostgresPackIndex({ database: connect({ socketDirectory }) });
  const store = new PackedBlobs({ files: new FsBlobs({ directory }), index });
  const bytes = Buffer.from('segment ');
  await store.put(bytes);
  const segment = wholeSegment(digestOf(bytes), bytes);
  for (let batch = Number(first); ; batch += 1) {
    const blobs = Array.from({ length: ${batchBlobs} }, (_, at) =>
      composeBlob([segment, Buffer.from(batch + ' ' + at)]));
    await store.putMany(blobs);
    console.log(batch);
  }
`;

beforeAll(async () => {
  ({ socketDirectory } = await startEmbeddedPostgres({ home }));
  const database = connect({ socketDirectory });
  await migrate(database);
  await database.destroy();
});

afterAll(async () => {
  await stopEmbeddedPostgres(home);
  rmSync(home, { recursive: true, force: true });
});

test('a writer of packs that is killed leaves whole batches or nothing, and no pack for ever', async () => {
  const random = seededRandom(Number(process.env['KILN_SEED'] ?? 1));
  const told = new Set<number>();
  let next = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', writer, '--', directory, socketDirectory, `${next}`],
      { stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname },
    );
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child.stdout, 'data');
    await sleep(random.next() * 40);
    child.kill('SIGKILL');
    await once(child, 'close');
    for (const line of output.split('\n').slice(0, -1)) told.add(Number(line));
    next = Math.max(...told) + 2;
  }
  const database = connect({ socketDirectory });
  const index = new PostgresPackIndex({ database });
  const later = { now: () => Date.now() + 2 * 86_400_000 };
  const files = new FsBlobs({ directory, clock: later });
  const store = new PackedBlobs({ files, index, clock: later });
  await store.open();
  for (let batch = 0; batch < next; batch += 1) {
    const texts = Array.from({ length: batchBlobs }, (_, at) => `segment ${batch} ${at}`);
    const stats = await Promise.all(texts.map((text) => store.stat(digestOf(text))));
    const there = stats.filter((stat) => stat !== undefined);
    expect([batch, there.length]).toEqual([
      batch,
      told.has(batch) || there.length > 0 ? batchBlobs : 0,
    ]);
    for (const { digest } of there) expect(digestOf(await store.bytes(digest))).toBe(digest);
  }
  const packs = new Set<string>();
  for await (const { pack } of index.list()) packs.add(pack);
  const written = readdirSync(path.join(directory, 'packs'), { recursive: true, encoding: 'utf8' })
    .map((file) => path.basename(file))
    .filter((file) => file.length === 32);
  expect(written.sort()).toEqual([...packs].sort());
  await database.destroy();
});
