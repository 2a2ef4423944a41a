import { appendFile, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, systemRandom } from '@kiln/base';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CheckedFiles } from './checked-files.ts';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiln-checked-'));
  file = join(folder, 'a.apk');
  await writeFile(file, 'a package');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const expected = { name: 'a', version: '1-r0', checksum: 'Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=' };
const check = {
  digest: digestOf('a package'),
  beforeData: { sizeBytes: 3, sha256: '00'.repeat(32) },
};

/** Seen from `laterMs` from now on. */
const checks = (laterMs = 10_000): CheckedFiles =>
  new CheckedFiles({
    directory: join(folder, 'checked'),
    clock: { now: () => Date.now() + laterMs },
    random: systemRandom,
  });

function keep(by = checks()): void {
  by.keep(file, { expected, state: by.stateBefore(file), check });
}

it('remembers what was found about a file that is as it was, for other processes too', async () => {
  expect(checks().find(file, expected)).toBeUndefined();
  keep();
  expect(checks().find(file, expected)).toEqual(check);
  expect(checks().find(file, { ...expected, version: '1-r1' })).toBeUndefined();
  expect(checks().find(file, { ...expected, checksum: 'Q1other' })).toBeUndefined();
});

it.each([
  ['written to', () => appendFile(file, '!')],
  [
    'replaced by another of its size and time',
    async () => {
      const { mtime } = await stat(file);
      await rm(file);
      await writeFile(file, 'A PACKAGE');
      await utimes(file, mtime, mtime);
    },
  ],
  [
    'written to and given its time again',
    async () => {
      const { mtime } = await stat(file);
      await writeFile(file, 'A PACKAGE');
      await utimes(file, mtime, mtime);
    },
  ],
])('forgets a file that was %s', async (_what, change) => {
  keep();
  await change();
  expect(checks().find(file, expected)).toBeUndefined();
});

it('does not remember a file that changed a moment ago, or while it was checked', async () => {
  keep(checks(0));
  expect(checks().find(file, expected)).toBeUndefined();
  const state = checks().stateBefore(file);
  await appendFile(file, '!');
  checks().keep(file, { expected, state, check });
  expect(checks().find(file, expected)).toBeUndefined();
});

it('throws what the system says of a file, and minds nothing about its own', async () => {
  expect(() => checks().find(join(folder, 'absent'), expected)).toThrow(/ENOENT/);
  await writeFile(join(folder, 'checked'), 'in the way');
  keep();
  expect(checks().find(file, expected)).toBeUndefined();
  await rm(join(folder, 'checked'));
  keep();
  const [record = ''] = await readdir(join(folder, 'checked'));
  await writeFile(join(folder, 'checked', record), '{"state": 1}');
  expect(checks().find(file, expected)).toBeUndefined();
});
