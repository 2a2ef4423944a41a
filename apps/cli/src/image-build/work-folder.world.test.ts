import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inWorkFolder } from './work-folder.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kiln-work-folder-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const stopped = new Error('stopped');

test('what is read to be written elsewhere ends with the signal, and the folder goes', async () => {
  const controller = new AbortController();
  const reading = { cacheDirectory: folder, offline: true, ignoreSignatures: false };
  const task = { reading, environment: {}, signal: controller.signal };
  let place = '';
  const work = inWorkFolder(task, async (one) => {
    const { digest } = await one.blobs.put(Buffer.alloc(3 * 2 ** 20));
    place = path.dirname(one.blobs.path(digest));
    const chunks = one.read(digest, 'new');
    expect((await chunks.next()).value).toHaveLength(2 ** 20);
    controller.abort(stopped);
    await chunks.next();
  });
  await expect(work).rejects.toBe(stopped);
  expect(() => readdirSync(place)).toThrow('ENOENT');
});
