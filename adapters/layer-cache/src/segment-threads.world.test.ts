import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipLayers, zstdLayers } from '@kiln/assemble';
import type { LayerSegment } from '@kiln/assemble';
import { ThreadPool } from '@kiln/base';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SegmentThreads } from './index.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-segments-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function kept(): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

const contents = [
  Buffer.from('a text, a text, and a text'),
  Buffer.alloc(1024 * 1024, 'neither long nor short. '),
  // What compression makes longer.
  randomBytes(1024 * 1024),
  randomBytes(2 * 1024 * 1024),
];

/** Asks for all at once, and copies what comes before its memory is used again. */
async function made(
  maker: SegmentThreads,
  compression = gzipLayers,
): Promise<readonly LayerSegment[]> {
  return Promise.all(
    contents.map(async (content, i) => {
      const segment = await maker.make(content, { compression, key: `${compression.name} ${i}` });
      const { bytes, sizeBytes, crc } = segment;
      const copy = Buffer.from(bytes);
      segment.release();
      return { bytes: copy, sizeBytes, crc };
    }),
  );
}

const expected = (compression = gzipLayers): Promise<readonly LayerSegment[]> =>
  Promise.all(contents.map((content) => compression.segment(content)));

it.each([gzipLayers, zstdLayers])(
  'makes the segments that $name makes, and keeps them',
  async (compression) => {
    using maker = new SegmentThreads({ directory, hereBytes: 0, threadsMax: 2 });
    expect(await made(maker, compression)).toEqual(await expected(compression));
    expect(await kept()).toHaveLength(contents.length);
    using next = new SegmentThreads({ directory, hereBytes: 0, threadsMax: 1 });
    expect(await made(next, compression)).toEqual(await expected(compression));
  },
);

it('starts no thread for little, and keeps that too', async () => {
  const program = vi.spyOn(ThreadPool.prototype, 'run');
  using maker = new SegmentThreads({ directory, hereBytes: 5 * 2 ** 20 });
  expect(await made(maker)).toEqual(await expected());
  expect(await kept()).toHaveLength(contents.length);
  expect(program).not.toHaveBeenCalled();
  expect(await made(maker)).toEqual(await expected());
  expect(program).toHaveBeenCalled();
});

it('takes what is kept, unless it is damaged or of another content', async () => {
  using maker = new SegmentThreads({ directory, hereBytes: 0, threadsMax: 1 });
  const ask = async (text: string): Promise<Buffer> => {
    const { bytes } = await maker.make(Buffer.from(text), { compression: gzipLayers, key: 'k' });
    return Buffer.from(bytes);
  };
  const first = await ask('one');
  const [file = ''] = await kept();
  const bytes = await readFile(file);
  // Another compressed form of the same: it shows that the file is what is taken.
  using other = new SegmentThreads({ directory, hereBytes: 0, threadsMax: 1 });
  const { bytes: zstd } = await other.make(Buffer.from('one'), {
    compression: { ...zstdLayers, name: 'zstd' },
    key: 'k',
  });
  expect(Buffer.from(zstd)).toEqual(first);
  expect(await ask('two')).toEqual((await gzipLayers.segment(Buffer.from('two'))).bytes);
  for (const damaged of [bytes.subarray(0, 15), Buffer.alloc(0), bytes.with(14, 1)]) {
    await writeFile(file, damaged);
    expect(await ask('one')).toEqual(first);
    expect(await readFile(file)).toEqual(bytes);
  }
});

it('keeps nothing where there is no key, and does not mind a place that cannot be written to', async () => {
  using maker = new SegmentThreads({ directory, hereBytes: 0, threadsMax: 1 });
  const content = Buffer.from('a content');
  const request = { compression: gzipLayers, key: undefined };
  expect(await maker.make(content, request)).toMatchObject({ sizeBytes: content.length });
  expect(await kept()).toEqual([]);
  await writeFile(join(directory, 'file'), '');
  using nowhere = new SegmentThreads({ directory: join(directory, 'file') });
  expect(await nowhere.make(content, { ...request, key: 'k' })).toMatchObject({
    sizeBytes: content.length,
  });
});

it('goes on without threads', async () => {
  using maker = new SegmentThreads({ directory, hereBytes: 0, threadsMax: 0 });
  expect(await made(maker)).toEqual(await expected());
  expect(await kept()).toEqual([]);
});
