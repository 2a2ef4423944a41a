import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '@kiln/base';
import { makePackage } from './package-fixture.ts';
import { UnpackingThreads } from './unpacking-threads.ts';

let folder = '';
let count = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-threads-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

async function unpack(threads: UnpackingThreads, bytes: Uint8Array): Promise<boolean> {
  const name = `${++count}`;
  const file = join(folder, `${name}.apk`);
  const directory = join(folder, name);
  writeFileSync(file, bytes);
  mkdirSync(directory);
  const apk = digestOf(bytes);
  return threads.unpack({ apk, limits: {}, directory, recordName: 'record', file });
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
  const asked = { apk: digestOf(bytes), limits: {}, directory, recordName: 'record', file };
  await expect(threads.unpack(asked)).rejects.toMatchObject({ code: 'ENOENT' });
});
