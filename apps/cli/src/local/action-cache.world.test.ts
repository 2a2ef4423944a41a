import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { digestOf } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { EmittedPackage } from '@kiln/build';
import { expect, test } from 'vitest';
import { ActionCache } from './action-cache.ts';

test('a record that was damaged is as good as none', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-actions-'));
  const blobs = new MemoryBlobs();
  const control = Buffer.from('control');
  const { digest, sizeBytes } = await blobs.put(Buffer.from('data'));
  const controlDigest = (await blobs.put(control)).digest;
  const made = { name: 'zlib', control, controlDigest, data: { digest, sizeBytes } };
  const cache = new ActionCache(folder, blobs);
  const action = digestOf('action');
  await cache.put(action, [made as unknown as EmittedPackage]);
  expect(await cache.get(action)).toEqual([made]);
  const [name = ''] = fs.readdirSync(folder);
  const file = path.join(folder, name);
  const written = fs.readFileSync(file, 'utf8');
  for (const damaged of [written.replace('zlib', 'zlob'), written.slice(0, -1), 'null', '']) {
    fs.writeFileSync(file, damaged);
    expect(await cache.get(action)).toBeUndefined();
  }
  fs.rmSync(folder, { recursive: true });
});
