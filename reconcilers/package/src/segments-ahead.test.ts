import { createHash } from 'node:crypto';
import { controlSegment, dataSegment, parsePackageInfo } from '@kiln/apk';
import type { LayerSegment } from '@kiln/assemble';
import { concatBytes, digestOf, silentLogger } from '@kiln/base';
import type { Digest, LogFields } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import { fileEntry } from '@kiln/tar';
import { beforeEach, expect, test } from 'vitest';
import { SegmentsAhead } from './segments-ahead.ts';
import type { SegmentsAheadOptions } from './segments-ahead.ts';

let blobs: MemoryBlobs;
let kept: Map<string, LayerSegment>;
let warnings: (LogFields | undefined)[];
let stop: AbortController;
let ahead: SegmentsAhead;

beforeEach(() => {
  blobs = new MemoryBlobs();
  kept = new Map();
  warnings = [];
  stop = new AbortController();
  ahead = new SegmentsAhead(options());
});

function options(): SegmentsAheadOptions {
  return {
    blobs,
    segments: {
      get: (key) => Promise.resolve(kept.get(key)),
      put: (key, segment) => Promise.resolve(void kept.set(key, segment)),
    },
    log: { ...silentLogger, warn: (_, fields) => void warnings.push(fields) },
    signal: stop.signal,
  };
}

/** Stores a package with one file of 300,000 bytes; returns its digest, and that of its data. */
async function publish(letter: string): Promise<{ readonly apk: Digest; readonly hash: string }> {
  const content = Buffer.from(letter.repeat(300_000));
  const entry = fileEntry('file', content.length);
  const chunks: Uint8Array[] = [];
  for await (const chunk of dataSegment([{ entry, open: () => content }])) chunks.push(chunk);
  const data = concatBytes(chunks);
  const hash = createHash('sha256').update(data).digest('hex');
  const info = { ...parsePackageInfo('pkgname = x\npkgver = 1-r0\n'), dataHash: hash };
  const control = controlSegment({ info, scripts: new Map(), mtimeSeconds: 0 });
  return { apk: (await blobs.put(concatBytes([control, data]))).digest, hash };
}

test('a package has its segments when it was published; in gzip it has them in itself', async () => {
  const [a, b] = [await publish('a'), await publish('b')];
  ahead.want([{ apk: a.apk, compression: 'gzip' }]);
  ahead.want([{ apk: b.apk, compression: 'zstd' }]);
  await ahead.idle();
  expect([...kept.keys()]).toEqual([`zstd/2 ${b.hash}/0/0`]);
  expect([...kept.values()].map(({ sizeBytes }) => sizeBytes)).toEqual([300_000]);
});

test('one that cannot be read is no fault of the others', async () => {
  const { apk, hash } = await publish('a');
  const absent = digestOf('absent');
  ahead.want([
    { apk: absent, compression: 'zstd' },
    { apk, compression: 'zstd' },
  ]);
  await ahead.idle();
  expect(warnings).toMatchObject([{ digest: absent, code: 'BLOB_UNKNOWN' }]);
  expect([...kept.keys()]).toEqual([`zstd/2 ${hash}/0/0`]);
});

test('whoever ends waits for nothing that has not begun', async () => {
  const { apk } = await publish('a');
  ahead.want([{ apk, compression: 'zstd' }]);
  stop.abort();
  await ahead.idle();
  expect([kept.size, warnings]).toEqual([0, []]);
});

test('what is under way ends when it is stopped', async () => {
  const { apk } = await publish('a');
  const other = new SegmentsAhead({
    ...options(),
    blobs: {
      async *read(digest) {
        const bytes = await blobs.bytes(digest);
        yield bytes.subarray(0, 100);
        stop.abort();
        yield bytes.subarray(100);
      },
    },
  });
  other.want([{ apk, compression: 'zstd' }]);
  await other.idle();
  expect([stop.signal.aborted, kept.size, warnings]).toEqual([true, 0, []]);
});

test('more than a thousand do not wait', async () => {
  const { apk } = await publish('a');
  const absent = { apk: digestOf('absent'), compression: 'zstd' } as const;
  ahead.want(Array.from({ length: 1000 }, () => absent));
  ahead.want([{ apk, compression: 'zstd' }]);
  await ahead.idle();
  expect([warnings.length, kept.size]).toEqual([1000, 0]);
  ahead.want([{ apk, compression: 'zstd' }]);
  await ahead.idle();
  expect(kept.size).toBe(1);
});
