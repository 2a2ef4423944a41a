import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { gzipLayers, zstdLayers } from '@kiln/assemble';
import type { FilePlace, LayerRun, LayerSegment, StoredPart } from '@kiln/assemble';
import { ThreadPool } from '@kiln/base';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
  Buffer.from('a text, a text, and a text'.repeat(12_000)),
  Buffer.alloc(1024 * 1024, 'neither long nor short. '),
  // What compression makes longer.
  randomBytes(1024 * 1024),
  randomBytes(2 * 1024 * 1024),
];

/** One content after another, each at hand. */
function runOf(pieces: readonly Buffer[], keyOf: (i: number) => string | undefined): LayerRun {
  const content = Buffer.concat(pieces);
  let start = 0;
  return {
    content,
    reads: [],
    pieces: pieces.map((piece, i) => {
      const end = start + piece.length;
      const one = { start, end, source: keyOf(i), part: undefined };
      start = end;
      return one;
    }),
    release: () => undefined,
  };
}

/** What was made of a run, copied before its memory is used again. */
async function segmentsOf(
  maker: SegmentThreads,
  run: LayerRun,
  compression = gzipLayers,
): Promise<readonly LayerSegment[]> {
  const { segments, release } = await maker.make(run, compression);
  const copies = segments.map(({ bytes, ...facts }) => ({ ...facts, bytes: Buffer.from(bytes) }));
  release();
  return copies;
}

/** Asks for all at once, and for all in one. */
async function made(
  maker: SegmentThreads,
  compression = gzipLayers,
): Promise<readonly LayerSegment[]> {
  const alone = contents.map((content, i) => runOf([content], () => `${i}`));
  const found = await Promise.all(alone.map((run) => segmentsOf(maker, run, compression)));
  const together = runOf(contents, (i) => `${i}`);
  expect(await segmentsOf(maker, together, compression)).toEqual(found.flat());
  return found.flat();
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
  using maker = new SegmentThreads({ directory, hereBytes: 10 * 2 ** 20 });
  expect(await made(maker)).toEqual(await expected());
  expect(await kept()).toHaveLength(contents.length);
  expect(program).not.toHaveBeenCalled();
  expect(await made(maker)).toEqual(await expected());
  expect(program).toHaveBeenCalled();
});

/** Large enough to be kept. */
const large = (text: string): Buffer => Buffer.from(text.repeat(100_000));

it('takes what is kept, unless it is damaged or of another content', async () => {
  using maker = new SegmentThreads({ directory, hereBytes: 0, threadsMax: 1 });
  const ask = async (text: string, by = maker, compression = gzipLayers): Promise<Buffer> => {
    const [made] = await segmentsOf(
      by,
      runOf([large(text)], () => 'k'),
      compression,
    );
    return Buffer.from(made?.bytes ?? []);
  };
  const first = await ask('one');
  const [file = ''] = await kept();
  const bytes = await readFile(file);
  // Another compressed form of the same: it shows that the file is what is taken.
  using other = new SegmentThreads({ directory, hereBytes: 0, threadsMax: 1 });
  const named = { ...zstdLayers, format: gzipLayers.format };
  expect(await ask('one', other, named)).toEqual(first);
  expect(await ask('two')).toEqual((await gzipLayers.segment(large('two'))).bytes);
  for (const damaged of [bytes.subarray(0, 15), Buffer.alloc(0), bytes.with(14, 1)]) {
    await writeFile(file, damaged);
    expect(await ask('one')).toEqual(first);
    expect(await readFile(file)).toEqual(bytes);
  }
});

it('keeps nothing where there is no key, nothing that is small, and does not mind a place that cannot be written to', async () => {
  using maker = new SegmentThreads({ directory, hereBytes: 0, threadsMax: 1 });
  const content = large('a content');
  const little = Buffer.from('a content');
  const sizeBytes = content.length;
  expect(
    await segmentsOf(
      maker,
      runOf([content], () => undefined),
    ),
  ).toMatchObject([{ sizeBytes }]);
  expect(
    await segmentsOf(
      maker,
      runOf([little], () => 'k'),
    ),
  ).toHaveLength(1);
  expect(await kept()).toEqual([]);
  await writeFile(join(directory, 'file'), '');
  using nowhere = new SegmentThreads({ directory: join(directory, 'file') });
  expect(
    await segmentsOf(
      nowhere,
      runOf([content], () => 'k'),
    ),
  ).toMatchObject([{ sizeBytes }]);
});

it('goes on without threads', async () => {
  using maker = new SegmentThreads({ directory, hereBytes: 0, threadsMax: 0 });
  expect(await made(maker)).toEqual(await expected());
});

describe('what is read', () => {
  const content = Buffer.concat([Buffer.from('before '), contents[1] ?? Buffer.alloc(0)]);
  const whole = content.subarray(7);
  const expectedBytes = async (): Promise<Buffer> =>
    Buffer.from((await gzipLayers.segment(whole)).bytes);
  const damaged = (): Promise<Error> => Promise.resolve(new Error('damaged'));

  async function runFrom(
    change: Partial<FilePlace> = {},
    segment?: Partial<FilePlace>,
  ): Promise<LayerRun> {
    const path = join(directory, 'contents');
    await writeFile(path, content);
    const bytes = await expectedBytes();
    const packaged = join(directory, 'package');
    await writeFile(packaged, Buffer.concat([Buffer.from('12'), bytes]));
    const place = { path, offset: 7, sizeBytes: whole.length, crc: crc32(whole), ...change };
    const of = { path: packaged, offset: 2, sizeBytes: bytes.length, crc: crc32(bytes) };
    const part: StoredPart = {
      ...place,
      segment: segment === undefined ? undefined : { ...of, ...segment },
      damaged,
      read: () => Promise.reject(new Error('read by a thread')),
      readSegment: () => undefined,
    };
    const memory = Buffer.from(new SharedArrayBuffer(whole.length + 5));
    memory.write('start');
    return {
      content: memory,
      reads: [{ start: 5, part }],
      pieces: [
        { start: 0, end: 5, source: undefined, part: undefined },
        { start: 5, end: memory.length, source: 'k', part },
      ],
      release: () => undefined,
    };
  }

  it.each([0, 2 ** 30])('comes into the content, here or in a thread: %i', async (hereBytes) => {
    using maker = new SegmentThreads({ directory: join(directory, 'kept'), hereBytes });
    const run = await runFrom();
    const [, made] = await segmentsOf(maker, run);
    expect(Buffer.from(run.content.subarray(5)).equals(whole)).toBe(true);
    expect(made?.bytes).toEqual(await expectedBytes());
  });

  it('is taken compressed out of its package, but for what is damaged there', async () => {
    using maker = new SegmentThreads({ directory: join(directory, 'kept'), hereBytes: 0 });
    const bytes = await expectedBytes();
    const [, made] = await segmentsOf(maker, await runFrom({}, {}));
    expect(made).toEqual({ bytes, sizeBytes: whole.length, crc: crc32(whole) });
    expect(await readdir(directory)).not.toContain('kept');
    for (const change of [{ crc: 1 }, { offset: 3 }, { path: join(directory, 'gone') }])
      expect((await segmentsOf(maker, await runFrom({}, change)))[1]).toEqual(made);
    expect(await readdir(directory)).toContain('kept');
    const [, zstd] = await segmentsOf(maker, await runFrom({}, {}), zstdLayers);
    expect(zstd?.bytes).toEqual((await zstdLayers.segment(whole)).bytes);
  });

  it('and is not what it was ends it', async () => {
    using maker = new SegmentThreads({ directory: join(directory, 'kept'), hereBytes: 0 });
    for (const change of [{ crc: 1 }, { offset: 9 }, { path: join(directory, 'gone') }])
      await expect(maker.make(await runFrom(change), gzipLayers)).rejects.toThrow('damaged');
    expect(await segmentsOf(maker, await runFrom())).toHaveLength(2);
  });
});
