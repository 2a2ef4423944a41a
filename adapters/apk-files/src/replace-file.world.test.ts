import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { systemRandom } from '@kiln/base';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { replaceFile } from './replace-file.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-replace-file-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const largeBytes = 256 * 1024;

/** Chunks of these sizes by turns in two buffers, each filled with its number. */
function* inTwoBuffers(sizes: readonly number[]): Generator<Uint8Array> {
  const buffers = [Buffer.alloc(largeBytes), Buffer.alloc(largeBytes)];
  for (const [i, size] of sizes.entries()) yield buffers[i % 2]!.fill(i).subarray(0, size);
}

it.each([
  ['large ones', [largeBytes, largeBytes, largeBytes, largeBytes]],
  ['a small one between large ones', [largeBytes, 100, largeBytes, 100, largeBytes]],
  ['small ones behind a large one', [largeBytes, 100, 100, 100, 100]],
])('is done with a chunk before the chunk after the next is asked for: %s', async (_, sizes) => {
  const path = join(folder, `pipe-${sizes.length}-${sizes[1]}-${sizes[2]}`);
  execFileSync('mkfifo', [path]);
  const slow = createReadStream(path);
  // What does not fit into a pipe waits for the reader.
  const read = slow.pause().once('open', () => undefined);
  const written = replaceFile(path, inTwoBuffers(sizes), systemRandom);
  await pause(100);
  const [bytes] = await Promise.all([buffer(read), written]);
  expect(bytes.equals(Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i))))).toBe(true);
});

it('writes to where a dangling link leads', async () => {
  const links = join(folder, 'links');
  mkdirSync(join(links, 'below/deep'), { recursive: true });
  symlinkSync('below/deep', join(links, 'deep'));
  symlinkSync('deep/../next', join(links, 'first'));
  symlinkSync(join(links, 'made'), join(links, 'below/next'));
  symlinkSync('loop', join(links, 'loop'));
  symlinkSync('nowhere/made', join(links, 'lost'));
  const write = (name: string): Promise<void> =>
    replaceFile(join(links, name), [Buffer.from('content')], systemRandom);
  await write('first');
  expect(readFileSync(join(links, 'made'), 'utf8')).toBe('content');
  expect(readlinkSync(join(links, 'first'))).toBe('deep/../next');
  await expect(write('loop')).rejects.toMatchObject({ code: 'ELOOP' });
  await expect(write('lost')).rejects.toMatchObject({ code: 'ENOENT' });
  const left = ['below', 'deep', 'first', 'loop', 'lost', 'made'];
  expect(readdirSync(links).sort()).toEqual(left);
});
