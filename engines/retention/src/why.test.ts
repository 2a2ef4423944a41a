import type { Digest } from '@kiln/base';
import { digestOf } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import { expect, test } from 'vitest';
import { retentionDefault } from './policy.ts';
import type { RetentionRecords } from './ports.ts';
import { whyKept } from './why.ts';

const blobs = new MemoryBlobs();
const nothing = {
  naming: () => Promise.resolve({ records: [], repositories: [] }),
  names: async function* () {},
} as unknown as RetentionRecords;

const collectable = async (digest: Digest): Promise<boolean> => {
  const ports = { records: nothing, blobs, clock: { now: () => 0 } };
  return (await whyKept(ports, retentionDefault, digest)).collectable;
};

test('what nothing names may be removed, if it is there', async () => {
  const { digest } = await blobs.put(Buffer.from('text'));
  expect(await collectable(digest)).toBe(true);
  expect(await collectable(digestOf('another'))).toBe(false);
});
