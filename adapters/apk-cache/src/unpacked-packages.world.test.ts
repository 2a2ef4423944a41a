import {
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { digestOf, hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { blobUnknown } from '@kiln/blobs';
import { contents, dataFiles, makePackage } from './package-fixture.ts';
import { UnpackedPackages } from './unpacked-packages.ts';

let parent = '';
let directory = '';
let packages = new UnpackedPackages({ directory, files: filesIn(parent) });

/** Packages that are files of a folder, by their digests. */
function filesIn(folder: string): {
  path(apk: Digest): string;
  read(apk: Digest): AsyncIterable<Uint8Array>;
} {
  const path = (apk: Digest): string => join(folder, hexOf(apk));
  return {
    path,
    async *read(apk) {
      if (!existsSync(path(apk))) throw blobUnknown(apk);
      yield* createReadStream(path(apk), { highWaterMark: 999 }) as AsyncIterable<Buffer>;
    },
  };
}

/** Where a package is unpacked. */
function folderOf(apk: Digest, below = directory): string {
  const name = readdirSync(below).find((one) => one.startsWith(`${hexOf(apk)}-`));
  return join(below, name ?? 'none');
}

function add(bytes: Uint8Array, as: Digest = digestOf(bytes)): Digest {
  writeFileSync(join(parent, hexOf(as)), bytes);
  return as;
}

const indexOf = (path: string): number => dataFiles().findIndex(({ entry }) => entry.path === path);

async function text(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

async function readAll(apk: Digest): Promise<Map<string, string>> {
  const { members, read } = await packages.open(apk);
  const found = new Map<string, string>();
  for (const { index, entry } of members)
    if (entry.type === 'file') found.set(entry.path, await text(read(index)));
  return found;
}

/** A new object, as a new process has it, with packages of any size as streams where that is asked for. */
function opener(): UnpackedPackages {
  return new UnpackedPackages({ directory, files: filesIn(parent) });
}

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'kiln-unpacked-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  directory = join(parent, 'made', 'later');
  packages = opener();
});

describe('UnpackedPackages', () => {
  it('opens a package with its facts and its files, unpacking it once', async () => {
    const bytes = await makePackage();
    const apk = add(bytes);
    const opened = await packages.open(apk);
    expect(opened.info).toMatchObject({ name: 'x', description: 'a' });
    expect(opened.sizeBytes).toBe(bytes.length);
    expect(opened.checksum).toMatch(/^Q1.{27}=$/);
    expect(opened.control.map(({ entry, content }) => [entry.path, content.length])).toEqual([
      ['.post-install', 10],
    ]);
    expect([...opened.members].map(({ entry }) => entry.path)).toEqual(
      dataFiles().map(({ entry }) => entry.path),
    );
    expect(await readAll(apk)).toEqual(new Map(contents));
    rmSync(join(parent, hexOf(apk)));
    expect([...(await opener().open(apk)).members]).toEqual([...opened.members]);
  });

  it('has files with mode and time of the member, and without what makes others run as their owner', async () => {
    const apk = add(await makePackage());
    const { file } = await packages.open(apk);
    const path = file?.(indexOf('etc/a')) ?? '';
    expect(readFileSync(path, 'utf8')).toBe('first file');
    const { mode, mtimeMs } = statSync(path);
    expect((mode & 0o7777).toString(8)).toBe('755');
    expect(mtimeMs).toBe(0);
    linkSync(path, join(parent, 'linked'));
    expect(statSync(join(parent, 'linked')).nlink).toBe(2);
  });

  it('gives nothing to link to for a file that its owner may not read, and reads it', async () => {
    const apk = add(await makePackage({ modes: new Map([['etc/a', 0o111]]) }));
    const { file, read } = await packages.open(apk);
    expect(file?.(indexOf('etc/a'))).toBeUndefined();
    expect(file?.(indexOf('etc/b'))).toBeDefined();
    expect(await text(read(indexOf('etc/a')))).toBe('first file');
  });

  it('unpacks what no thread can take as a stream, to the same files', async () => {
    const apk = add(await makePackage());
    const inMemory = await readAll(apk);
    renameSync(directory, `${directory}-before`);
    const streamed = new UnpackedPackages({
      directory,
      // Nothing is at this path, so that nothing is at hand.
      files: { ...filesIn(parent), path: () => join(parent, 'absent') },
    });
    const { members, file } = await streamed.open(apk);
    expect(inMemory).toEqual(
      new Map(
        [...members]
          .filter(({ entry }) => entry.type === 'file')
          .map(({ index, entry }) => [entry.path, readFileSync(file?.(index) ?? '', 'latin1')]),
      ),
    );
    const list = (below: string): string[] => readdirSync(folderOf(apk, below)).sort();
    expect(list(directory)).toEqual(list(`${directory}-before`));
    const modeOf = (below: string): number => statSync(join(folderOf(apk, below), '1')).mode;
    expect(modeOf(directory)).toBe(modeOf(`${directory}-before`));
  });

  it('unpacks many packages at a time, each once for many who ask', async () => {
    const bytes = await makePackage();
    const apk = add(bytes);
    const opened = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? packages : opener()).open(apk)),
    );
    expect(new Set(opened.map(({ checksum }) => checksum)).size).toBe(1);
    expect(await readAll(apk)).toEqual(new Map(contents));
    expect(readdirSync(directory)).toEqual([basename(folderOf(apk))]);
  });

  it('forgets what was opened last long ago, and what a crash left, and no other', async () => {
    const apk = add(await makePackage());
    let now = Date.parse('2026-01-01T00:00:00Z');
    const clock = { now: () => now };
    const timed = new UnpackedPackages({ directory, files: filesIn(parent), clock });
    await timed.open(apk);
    await timed.open(apk);
    await timed.forgetUnused(now);
    expect(readdirSync(directory)).toEqual([basename(folderOf(apk))]);
    now += 60_000;
    await timed.forgetUnused(now);
    expect(readdirSync(directory)).toEqual([]);
    const left = join(directory, 'tmp-left');
    mkdirSync(left);
    utimesSync(left, now / 1000 - 3600, now / 1000 - 3600);
    await timed.forgetUnused(now);
    expect(existsSync(left)).toBe(true);
    now += 6 * 60 * 60_000;
    await timed.forgetUnused(now);
    expect(existsSync(left)).toBe(false);
    await new UnpackedPackages({
      directory: join(parent, 'none'),
      files: filesIn(parent),
    }).forgetUnused(now);
  });
});

describe('a package that does not verify', () => {
  it('or does not exist is refused', async () => {
    await expect(packages.open(digestOf('nothing'))).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
    });
  });

  it('is refused for what is wrong with it and leaves nothing behind', async () => {
    const wrongHash = add(await makePackage({ dataHash: 'f'.repeat(64) }));
    await expect(packages.open(wrongHash)).rejects.toMatchObject({
      code: 'APK_DATA_HASH_MISMATCH',
    });
    const swapped = add(await makePackage(), digestOf('another package'));
    await expect(packages.open(swapped)).rejects.toMatchObject({
      code: 'APK_DIGEST_MISMATCH',
      retry: 'later',
    });
    const bytes = await makePackage();
    const cut = add(bytes.subarray(0, 600), digestOf(bytes));
    await expect(packages.open(cut)).rejects.toMatchObject({ code: 'GZIP_TRUNCATED' });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('what is on disk', () => {
  const record = (apk: Digest): string => join(folderOf(apk), 'record');

  it.each<[string, (apk: Digest) => void]>([
    ['lost its record', (apk) => rmSync(record(apk))],
    ['has a shortened record', (apk) => truncateSync(record(apk), 100)],
  ])('and %s is unpacked again, whoever asks', async (_what, damage) => {
    const apk = add(await makePackage());
    await packages.open(apk);
    writeFileSync(join(folderOf(apk), '1'), 'emptied');
    damage(apk);
    await Promise.all([opener().open(apk), opener().open(apk), opener().open(apk)]);
    expect(await readAll(apk)).toEqual(new Map(contents));
    expect(readdirSync(directory)).toEqual([basename(folderOf(apk))]);
  });

  it('and was unpacked before the machine was started is unpacked again, and forgotten', async () => {
    const apk = add(await makePackage());
    await packages.open(apk);
    const earlier = join(directory, `${hexOf(apk)}-another-boot`);
    renameSync(folderOf(apk), earlier);
    writeFileSync(join(earlier, '1'), 'emptied');
    expect(await readAll(apk)).toEqual(new Map(contents));
    expect(readdirSync(directory)).toHaveLength(2);
    await packages.forgetUnused(0);
    expect(existsSync(earlier)).toBe(false);
    expect(await readAll(apk)).toEqual(new Map(contents));
  });

  it('and has other content is found when it is read, dropped, and unpacked again', async () => {
    const apk = add(await makePackage());
    const { read, file } = await packages.open(apk);
    writeFileSync(file?.(1) ?? '', 'other file');
    await expect(text(read(1))).rejects.toMatchObject({ code: 'APK_CACHE_BROKEN', retry: 'later' });
    expect(await readAll(apk)).toEqual(new Map(contents));
    rmSync(directory, { recursive: true });
    await expect(text(read(1))).rejects.toMatchObject({ code: 'APK_CACHE_BROKEN' });
  });
});
