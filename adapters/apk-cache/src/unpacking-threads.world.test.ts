import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { openPackage } from '@kiln/apk';
import { digestOf, hexOf } from '@kiln/base';
import { makePackage } from './package-fixture.ts';
import type { UnpackRequest } from './unpacking-threads.ts';
import { UnpackingThreads } from './unpacking-threads.ts';

let folder = '';
let count = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-threads-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

async function unpack(
  threads: UnpackingThreads,
  bytes: Uint8Array,
  change: Partial<UnpackRequest> = {},
): Promise<boolean> {
  const name = `${++count}`;
  const file = join(folder, `${name}.apk`);
  const directory = join(folder, name);
  writeFileSync(file, bytes);
  mkdirSync(directory);
  const apk = digestOf(bytes);
  return threads.unpack({
    apk,
    limits: {},
    directory,
    recordName: 'record',
    file,
    memoryBytes: 0,
    ...change,
  });
}

it('unpack many packages on few threads, and go on after one that is none', async () => {
  const threads = new UnpackingThreads(2);
  const bytes = await makePackage();
  const done = await Promise.all(
    Array.from({ length: 30 }, (_, i) =>
      unpack(threads, i % 7 === 3 ? Buffer.from('none') : bytes),
    ),
  );
  expect(done).toEqual(Array.from({ length: 30 }, (_, i) => i % 7 !== 3));
  const unpacked = readdirSync(folder).filter((name) => !name.endsWith('.apk'));
  const whole = unpacked.filter((name) => readdirSync(join(folder, name)).includes('record'));
  expect(whole).toHaveLength(done.filter(Boolean).length);
});

it('start again after they ended for want of work', async () => {
  const threads = new UnpackingThreads(1);
  const bytes = await makePackage();
  expect(await unpack(threads, bytes)).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(await unpack(threads, bytes)).toBe(true);
});

it('say what the system has against it', async () => {
  const threads = new UnpackingThreads(1);
  const bytes = await makePackage();
  const file = join(folder, 'apk');
  writeFileSync(file, bytes);
  const directory = join(folder, 'absent');
  const apk = digestOf(bytes);
  const asked = { apk, limits: {}, directory, recordName: 'record', file, memoryBytes: 0 };
  await expect(threads.unpack(asked)).rejects.toMatchObject({
    code: 'ENOENT',
    syscall: 'open',
    errno: -2,
  });
});

it('hash a file whose beginning was found before by that and by its data alone, and notice a change in both', async () => {
  const threads = new UnpackingThreads(1);
  const bytes = await makePackage();
  const head = (await openPackage(bytes)).controlBytes;
  const beforeData = { sizeBytes: head.length, sha256: hexOf(digestOf(head)) };
  const changedAt = (at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 1);
  // With the digest of something else: the whole is not hashed.
  const other = digestOf('another package');
  expect(await unpack(threads, bytes, { apk: other, beforeData })).toBe(true);
  expect(await unpack(threads, bytes, { apk: other })).toBe(false);
  const apk = digestOf(bytes);
  // The time in the header of either member: both are still archives, of the same content.
  expect(await unpack(threads, changedAt(4), { apk, beforeData })).toBe(false);
  expect(await unpack(threads, changedAt(head.length + 4), { apk, beforeData })).toBe(false);
  expect(await unpack(threads, changedAt(4), { apk: digestOf(changedAt(4)), beforeData })).toBe(
    true,
  );
});

it('expand a package as a stream that is too large for memory, to what it is otherwise', async () => {
  const threads = new UnpackingThreads(2);
  const bytes = await makePackage();
  const file = join(folder, 'apk');
  writeFileSync(file, bytes);
  const expanded = async (name: string, memoryBytes: number | undefined): Promise<string[]> => {
    const [archive, record] = [join(folder, `${name}.tar`), join(folder, `${name}.members`)];
    const to = { archive, record, durable: false };
    const apk = digestOf(bytes);
    expect(await threads.unpack({ file, apk, limits: {}, memoryBytes, ...to })).toBe(true);
    return [archive, record].map((path) => readFileSync(path, 'base64'));
  };
  expect(await expanded('stream', undefined)).toEqual(await expanded('at-hand', 1000));
  const apk = digestOf('another package');
  const to = { archive: join(folder, 'x.tar'), record: join(folder, 'x'), durable: false };
  expect(await threads.unpack({ file, apk, limits: {}, memoryBytes: undefined, ...to })).toBe(
    false,
  );
});

it('come to every package, also where one alone takes more memory than there is for all', async () => {
  const threads = new UnpackingThreads(4);
  const bytes = await makePackage();
  const sizes = [100, 1, 30, 100, 1, 30].map((megabytes) => megabytes * 2 ** 20);
  const done = await Promise.all(
    sizes.map((memoryBytes) => unpack(threads, bytes, { memoryBytes })),
  );
  expect(done).toEqual(sizes.map(() => true));
});
