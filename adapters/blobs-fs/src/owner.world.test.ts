import { mkdtemp, readdir, rm, writeFile, mkdir } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FsBlobs } from './fs-blobs.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(os.tmpdir(), 'kiln-blobs-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

test('what a killed owner left goes when its successor opens the store, what others write stays', async () => {
  for (const owner of ['worker', 'server']) {
    await mkdir(join(directory, 'temporary', owner), { recursive: true });
    await writeFile(join(directory, 'temporary', owner, 'half'), 'ha');
  }
  const store = new FsBlobs({ directory, owner: 'worker' });
  await store.open();
  expect(await readdir(join(directory, 'temporary', 'worker'))).toEqual([]);
  expect(await readdir(join(directory, 'temporary', 'server'))).toEqual(['half']);
  const { digest } = await store.put(Buffer.from('whole'));
  expect(Buffer.from(await new FsBlobs({ directory }).bytes(digest)).toString()).toBe('whole');
  expect(await readdir(join(directory, 'temporary', 'worker'))).toEqual([]);
});
