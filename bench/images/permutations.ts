import { spawn } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { digestOf, seededRandom, systemClock, systemRandom } from '@kiln/base';
import { FsBlobs, PackedBlobs } from '@kiln/blobs-fs';
import { SignerClient } from '@kiln/keys-file';
import {
  PostgresPackIndex,
  PostgresQueue,
  PostgresRecords,
  PostgresRegistryState,
  connect,
  migrate,
  startEmbeddedPostgres,
} from '@kiln/postgres';
import { parseManifest } from '@kiln/oci';
import { publishImages } from '@kiln/publish';
import type { ComposedImage, PublishedImage } from '@kiln/publish';
import { verifyBundle } from '@kiln/trust';
import { sql } from 'kysely';
import type { ProcessFigures } from './process-figures.ts';
import { familyFigures, processFigures } from './process-figures.ts';
import { realImages } from './real-images.ts';
import type { RealImages } from './real-images.ts';
import { syntheticImages } from './synthetic-images.ts';

/**
 * Stored, signed, attested and published image manifests per second: `node bench/images/permutations.ts --seconds 60`. Starts
 * a PostgreSQL and a signer of its own in an empty folder; this process composes and publishes.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    packages: { type: 'string', default: '30' },
    batch: { type: 'string', default: '64' },
    batches: { type: 'string', default: '3' },
    sample: { type: 'string', default: '100' },
    repository: { type: 'string' },
    key: { type: 'string', default: '' },
    sets: { type: 'string', default: '4' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const seconds = Number(values.seconds);
const home = mkdtempSync(path.join(values.directory, 'kiln-permutations-'));
const repository = 'permutations/app';

/** The factory's own signer process. */
const signerProgram = `
  import { placeOf, signerProcess } from '@kiln/server';
  const [home] = process.argv.slice(1);
  await signerProcess({ place: placeOf(home, home, home) });
`;

const clock = systemClock;
const postgres = await startEmbeddedPostgres({ home });
const database = connect({ socketDirectory: postgres.socketDirectory });
await migrate(database);
const queue = new PostgresQueue({ db: database, clock, random: systemRandom });
const records = new PostgresRecords({ database, queue, clock });
const registry = new PostgresRegistryState({ database, clock });
const files = new FsBlobs({ directory: path.join(home, 'blobs') });
const packs = new PackedBlobs({ files, index: new PostgresPackIndex({ database }) });
const signerProcess = spawn(
  process.execPath,
  ['--input-type=module', '-e', signerProgram, '--', home],
  { stdio: ['ignore', 'ignore', 'inherit'], cwd: path.join(import.meta.dirname, '../../apps/cli') },
);
const signer = new SignerClient({ socketPath: path.join(home, 'signer.sock'), patienceMs: 60_000 });

interface Moment {
  readonly atMs: number;
  readonly processes: Readonly<Record<string, ProcessFigures>>;
  readonly logBytes: number;
}

async function moment(): Promise<Moment> {
  const { rows } = await sql<{
    bytes: number;
  }>`select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as bytes`.execute(database);
  return {
    atMs: performance.now(),
    processes: {
      'composing and publishing': processFigures(process.pid),
      signer: processFigures(signerProcess.pid ?? 0),
      postgresql: familyFigures(postgres.pid),
    },
    logBytes: rows[0]?.bytes ?? 0,
  };
}

async function* until(deadline: number, images: AsyncIterable<ComposedImage>) {
  for await (const image of images) {
    if (performance.now() >= deadline) return;
    yield image;
  }
}

/** Pulls an image as a client does and checks every digest and signature. */
async function check(image: PublishedImage, publicKey: ReturnType<typeof createPublicKey>) {
  const shown = await registry.manifests(repository, [image.manifest]);
  if (!shown.has(image.manifest)) throw new Error(`${image.manifest} is not shown`);
  const manifests = [image.manifest, ...image.attachments.map(({ manifest }) => manifest)];
  for (const digest of manifests) {
    const bytes = await packs.bytes(digest);
    const { config, layers, subject } = parseManifest(bytes);
    for (const each of [config, ...layers]) {
      const content = await packs.bytes(each.digest);
      if (digestOf(content) !== each.digest) throw new Error(`${each.digest} has other content`);
      if (subject !== undefined && each !== config) verifyBundle(content, publicKey);
    }
    if (digestOf(bytes) !== digest) throw new Error(`${digest} has other content`);
  }
}

/** Composed of real packages where there is a repository of them; else stand-ins, to measure the rest alone. */
async function sourceOf(): Promise<Pick<RealImages, 'images' | 'method'>> {
  const packages = Number(values.packages);
  if (values.repository === undefined) {
    const method = `stand-ins for images of ${packages} packages`;
    return { method, ...(await syntheticImages(packs, packages, repository)) };
  }
  return realImages({
    packs,
    repositoryFolder: values.repository,
    keyFile: values.key,
    packages,
    sets: Number(values.sets),
    repository,
    folder: home,
  });
}

const options = { batchImages: Number(values.batch), batchesMax: Number(values.batches) };
const ports = { packs, records, signer, registry };
try {
  await signer.publicKeys();
  const source = await sourceOf();
  const run = async (lastMs: number, from: number): Promise<PublishedImage[]> => {
    const images = until(performance.now() + lastMs, source.images(from));
    const published: PublishedImage[] = [];
    for await (const image of publishImages(ports, images, options)) published.push(image);
    return published;
  };
  const warm = await run(3000, 0);
  await sql`checkpoint`.execute(database);
  const before = await moment();
  const published = await run(seconds * 1000, warm.length + 10_000);
  const after = await moment();
  await sql`checkpoint`.execute(database);
  await sleep(200);
  const flushed = await moment();
  const count = published.length;
  const print = (line: string): unknown => process.stdout.write(`${line}\n`);
  const each = (value: number, digits = 2): string => (value / count).toFixed(digits);
  const tookSeconds = (after.atMs - before.atMs) / 1000;
  print(
    `method: ${source.method}; with SBOM, provenance and signature, composed from segments, published in batches of ${values.batch}, ${values.batches} at once, for ${seconds} s after 3 s of warming up; bytes after a checkpoint`,
  );
  print(
    `images: ${count} in ${tookSeconds.toFixed(1)} s, ${(count / tookSeconds).toFixed(0)} per second`,
  );
  let cpuMs = 0;
  let writtenBytes = 0;
  for (const [name, then] of Object.entries(before.processes)) {
    const cpu = (after.processes[name]?.cpuMs ?? 0) - then.cpuMs;
    const written = (flushed.processes[name]?.writtenBytes ?? 0) - then.writtenBytes;
    cpuMs += cpu;
    writtenBytes += written;
    print(`${name}: ${each(cpu)} ms of CPU, ${each(written / 1000)} kB written per image`);
  }
  print(`together: ${each(cpuMs)} ms of CPU, ${each(writtenBytes / 1000)} kB written per image`);
  print(`write-ahead log: ${each((flushed.logBytes - before.logBytes) / 1000)} kB per image`);
  if (published.some((one) => !one.published)) throw new Error('an image was not published');
  const random = seededRandom(2);
  const key = createPublicKey(readFileSync(path.join(home, 'public', 'image.pub'), 'utf8'));
  for (let checked = 0; checked < Number(values.sample); checked += 1) {
    const image = published[Math.floor(random.next() * count)];
    if (image !== undefined) await check(image, key);
  }
  print(`checked: ${values.sample} of them read back, every digest and signature right`);
} finally {
  signerProcess.kill();
  await database.destroy();
  await postgres.stop();
  rmSync(home, { recursive: true, force: true });
}
