import { createHash, randomBytes } from 'node:crypto';
import type { ContentSum } from '@kiln/assemble';
import { expect, it } from 'vitest';
import { ThreadSums } from './index.ts';

const mebibyte = 2 ** 20;

function shared(sizeBytes: number): Uint8Array {
  const content = Buffer.from(new SharedArrayBuffer(sizeBytes));
  content.set(randomBytes(sizeBytes));
  return content;
}

const digestOfAll = (contents: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(content);
  return `sha256:${hash.digest('hex')}`;
};

async function digestBy(sum: ContentSum | undefined, contents: readonly Uint8Array[]) {
  for (const content of contents) await sum?.update(content);
  return await sum?.digest();
}

it('hashes several layers at once', async () => {
  using sums = new ThreadSums({ hereBytes: 0 });
  const layers = [3, 1, 2].map((count) => Array.from({ length: count }, () => shared(mebibyte)));
  const found = layers.map(async (layer) => digestBy(await sums.sum(4 * mebibyte), layer));
  expect(await Promise.all(found)).toEqual(layers.map(digestOfAll));
  expect(await digestBy(await sums.sum(2 * mebibyte), [])).toBe(digestOfAll([]));
});

it('leaves what comes first, and what is little', async () => {
  using sums = new ThreadSums({ hereBytes: 5 * mebibyte });
  expect(await sums.sum(3 * mebibyte)).toBeUndefined();
  expect(await sums.sum(2 * mebibyte)).toBeUndefined();
  expect(await sums.sum(mebibyte)).toBeUndefined();
  const content = shared(10);
  expect(await digestBy(await sums.sum(2 * mebibyte), [content])).toBe(digestOfAll([content]));
  expect(await sums.sum(mebibyte)).toBeUndefined();
});

it('leaves all where there is no thread to be had', async () => {
  using sums = new ThreadSums({ hereBytes: 0, threadsMax: 0 });
  expect(await sums.sum(2 * mebibyte)).toBeUndefined();
});

it('says that its thread has ended', async () => {
  const sums = new ThreadSums({ hereBytes: 0 });
  const sum = await sums.sum(2 * mebibyte);
  sums[Symbol.dispose]();
  await expect(sum?.update(shared(mebibyte))).rejects.toThrow('has ended');
  await expect(sum?.digest()).rejects.toThrow('has ended');
});
