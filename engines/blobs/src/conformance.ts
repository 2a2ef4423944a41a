import type { Clock, Digest } from '@kiln/base';
import { digestOf } from '@kiln/base';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore, CollectableBlobs } from './store.ts';
import { touchEveryMs } from './store.ts';

/** A store under test and the way to clean up after it. */
export interface BlobStoreUnderTest<Store extends BlobStore = CollectableBlobs> {
  readonly store: Store;
  readonly close?: () => Promise<void>;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}

async function* failingAfter(chunk: Uint8Array): AsyncIterable<Uint8Array> {
  yield chunk;
  throw new Error('the source broke');
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

async function joined(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await all(source));
}

/** Returns an empty store, on the given clock. */
export type MakeStore<Store extends BlobStore> = (
  clock: Clock,
) => BlobStoreUnderTest<Store> | Promise<BlobStoreUnderTest<Store>>;

/** Has a store made before each test and closed after it. Returns its clock's time, for tests to move. */
export function eachStore<Store extends BlobStore>(
  make: MakeStore<Store>,
  use: (store: Store) => void,
): { nowMs: number } {
  const time = { nowMs: 0 };
  let subject: BlobStoreUnderTest<Store> | undefined;
  beforeEach(async () => {
    time.nowMs = Date.UTC(2026, 10, 1);
    subject = await make({ now: () => time.nowMs });
    use(subject.store);
  });
  afterEach(async () => {
    await subject?.close?.();
  });
  return time;
}

/** Registers the tests that every store has to pass; `make` is called for each. Call it inside a vitest file. */
export function blobStoreConformance(make: MakeStore<BlobStore>): void {
  describe('a blob store', () => {
    let store: BlobStore;
    eachStore(make, (made) => (store = made));
    const size = async (): Promise<number> => (await all(store.list())).length;

    it('gives back the bytes that were put, whole and streamed', async () => {
      const bytes = bytesOf('hello, blobs');
      const stat = await store.put(bytes);
      expect(stat).toEqual({ digest: digestOf(bytes), sizeBytes: 12 });
      expect(Buffer.from(await store.bytes(stat.digest)).toString()).toBe('hello, blobs');
      expect(Buffer.from(await joined(store.read(stat.digest))).toString()).toBe('hello, blobs');
      expect(await store.stat(stat.digest)).toEqual(stat);
      expect(await store.touch(stat.digest)).toEqual(stat);
    });

    it('joins the chunks of a stream, even when the source reuses its buffer', async () => {
      async function* reusing(): AsyncIterable<Uint8Array> {
        const buffer = new Uint8Array(4);
        for (const fill of [1, 2, 3]) {
          buffer.fill(fill);
          yield buffer;
        }
      }
      const stat = await store.put(reusing());
      expect([...(await store.bytes(stat.digest))]).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
      expect(stat.digest).toBe(digestOf(await store.bytes(stat.digest)));
    });

    it('holds the empty blob', async () => {
      const stat = await store.put(new Uint8Array());
      expect(stat).toEqual({ digest: digestOf(''), sizeBytes: 0 });
      expect((await store.bytes(stat.digest)).length).toBe(0);
      expect((await joined(store.read(stat.digest))).length).toBe(0);
      expect(await store.put(chunksOf())).toEqual(stat);
    });

    it('reads ranges, and moves an end past the blob to its end', async () => {
      const { digest } = await store.put(bytesOf('0123456789'));
      const part = async (start: number, end: number): Promise<string> =>
        Buffer.from(await joined(store.read(digest, { start, end }))).toString();
      expect(await part(2, 5)).toBe('234');
      expect(await part(7, 99)).toBe('789');
      expect(await part(4, 4)).toBe('');
      expect(await part(10, 10)).toBe('');
    });

    it('overwrites a chunk, where it may, only once the chunk after the next is asked for', async () => {
      const content = Buffer.alloc(2_000_000, 'the quick brown fox ');
      const { digest } = await store.put(content);
      const read = store.read(digest, { start: 1, end: 1_999_999 }, { memory: 'used again' });
      const copies: Buffer[] = [];
      let before: { readonly chunk: Uint8Array; readonly copy: Buffer } | undefined;
      for await (const chunk of read) {
        const copy = Buffer.from(chunk);
        expect(before === undefined || before.copy.equals(before.chunk)).toBe(true);
        copies.push(copy);
        before = { chunk, copy };
      }
      expect(Buffer.concat(copies).equals(content.subarray(1, 1_999_999))).toBe(true);
    });

    it('refuses a range outside the blob', async () => {
      const { digest } = await store.put(bytesOf('0123456789'));
      for (const range of [
        { start: 11, end: 12 },
        { start: 5, end: 4 },
        { start: -1, end: 3 },
        { start: 0.5, end: 3 },
      ]) {
        await expect(joined(store.read(digest, range))).rejects.toMatchObject({
          code: 'BLOB_RANGE_INVALID',
        });
      }
    });

    it('says that an absent blob is unknown', async () => {
      const digest = digestOf('never stored');
      expect(await store.stat(digest)).toBeUndefined();
      expect(await store.touch(digest)).toBeUndefined();
      expect(await store.delete(digest)).toBe(false);
      await expect(store.bytes(digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
      await expect(joined(store.read(digest))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    });

    it('keeps nothing of a content other than the expected one', async () => {
      const put = store.put(
        chunksOf(bytesOf('some'), bytesOf('thing')),
        digestOf('something else'),
      );
      await expect(put).rejects.toMatchObject({ code: 'BLOB_DIGEST_MISMATCH' });
      expect(await size()).toBe(0);
    });

    it('keeps nothing of a source that breaks', async () => {
      await expect(store.put(failingAfter(bytesOf('half')))).rejects.toThrow('the source broke');
      expect(await size()).toBe(0);
    });

    it('changes nothing when the same content is put again', async () => {
      const bytes = bytesOf('again');
      const first = await store.put(bytes);
      expect(await store.put(chunksOf(bytes), first.digest)).toEqual(first);
      expect(await size()).toBe(1);
    });

    it('still checks the content against the expected digest of a blob it has', async () => {
      const { digest } = await store.put(bytesOf('right'));
      await expect(store.put(bytesOf('wrong'), digest)).rejects.toMatchObject({
        code: 'BLOB_DIGEST_MISMATCH',
      });
    });

    it('takes the same content from many writers at once', async () => {
      const bytes = Buffer.alloc(300_000, 7);
      const stats = await Promise.all(
        Array.from({ length: 12 }, () =>
          store.put(chunksOf(bytes.subarray(0, 100_000), bytes.subarray(100_000))),
        ),
      );
      expect(new Set(stats.map((stat) => stat.digest))).toEqual(new Set([digestOf(bytes)]));
      expect(await size()).toBe(1);
      expect(digestOf(await store.bytes(digestOf(bytes)))).toBe(digestOf(bytes));
    });

    it('refuses to hold a blob above the limit in memory', async () => {
      const { digest } = await store.put(new Uint8Array(100));
      await expect(store.bytes(digest, 99)).rejects.toMatchObject({ code: 'BLOB_TOO_LARGE' });
      expect((await store.bytes(digest, 100)).length).toBe(100);
    });

    it('does not hand out its own memory', async () => {
      const source = bytesOf('mine');
      const { digest } = await store.put(source);
      source.fill(0);
      (await store.bytes(digest)).fill(0);
      expect(Buffer.from(await store.bytes(digest)).toString()).toBe('mine');
    });

    it('deletes, and can store the same content afterwards', async () => {
      const stat = await store.put(bytesOf('to and fro'));
      expect(await store.delete(stat.digest)).toBe(true);
      expect(await store.stat(stat.digest)).toBeUndefined();
      expect(await store.delete(stat.digest)).toBe(false);
      expect(await store.put(bytesOf('to and fro'))).toEqual(stat);
    });

    it('lists every blob once', async () => {
      const texts = Array.from({ length: 40 }, (_, index) => `blob ${index}`);
      for (const text of texts) await store.put(bytesOf(text));
      const listed = (await all(store.list())).map((stat) => stat.digest).sort();
      expect(listed).toEqual(texts.map((text) => digestOf(text)).sort());
    });

    it('reads any range of any content as a slice of it', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ maxLength: 300 }),
          fc.nat(300),
          fc.nat(300),
          async (bytes, one, other) => {
            const { digest } = await store.put(bytes);
            const start = Math.min(one, other, bytes.length);
            const end = Math.max(one, other, start);
            const part = await joined(store.read(digest, { start, end }));
            expect(Buffer.compare(part, bytes.subarray(start, end))).toBe(0);
          },
        ),
        { numRuns: 50 },
      );
    });
  });
}

/** Registers the tests that every store has to pass whose unused blobs are removed, besides `blobStoreConformance`. */
export function collectableBlobsConformance(make: MakeStore<CollectableBlobs>): void {
  describe('a store whose unused blobs are removed', () => {
    let store: CollectableBlobs;
    const time = eachStore(make, (made) => (store = made));
    const size = async (): Promise<number> => (await all(store.list())).length;

    const collect = async (
      unusedSince: number,
      kept: readonly Digest[] = [],
      dryRun = false,
    ): Promise<readonly Digest[]> => {
      const keeps = (digest: Digest): boolean => kept.includes(digest);
      const found = await all(store.collect({ keeps, unusedSince, dryRun }));
      return found.map((one) => one.digest).sort();
    };

    it('collects what nobody keeps and nobody used since, and nothing else', async () => {
      const [kept, unused, touched, again, streamed] = await Promise.all(
        ['kept', 'unused', 'touched', 'again', 'streamed'].map((text) => store.put(bytesOf(text))),
      );
      time.nowMs += 2 * touchEveryMs;
      const since = time.nowMs;
      const fresh = await store.put(bytesOf('fresh'));
      expect(await store.touch(touched!.digest)).toEqual(touched);
      await store.put(bytesOf('again'), again!.digest);
      await store.put(chunksOf(bytesOf('streamed')));
      expect(await collect(since, [kept!.digest], true)).toEqual([unused!.digest]);
      expect(await size()).toBe(6);
      expect(await collect(since, [kept!.digest])).toEqual([unused!.digest]);
      expect(await store.stat(unused!.digest)).toBeUndefined();
      expect(await store.touch(unused!.digest)).toBeUndefined();
      for (const { digest } of [kept!, touched!, again!, streamed!, fresh])
        expect(digestOf(await store.bytes(digest))).toBe(digest);
      expect(await collect(since, [kept!.digest])).toEqual([]);
      expect(await store.put(bytesOf('unused'))).toEqual(unused);
    });

    it('loses nothing that is put or touched while it collects', async () => {
      const texts = Array.from({ length: 60 }, (_, index) => `blob ${index}`);
      const stats = await Promise.all(texts.map((text) => store.put(bytesOf(text))));
      time.nowMs += 24 * touchEveryMs;
      const since = time.nowMs;
      const collecting = collect(since);
      const saved = await Promise.all(
        texts.map(async (text, at) => {
          if (at % 3 === 0) return (await store.put(bytesOf(text))).digest;
          return at % 3 === 1 ? (await store.touch(stats[at]!.digest))?.digest : undefined;
        }),
      );
      const gone = await collecting;
      for (const digest of saved.filter((one) => one !== undefined)) {
        expect(gone.filter((one) => one === digest).length).toBeLessThanOrEqual(1);
        expect(digestOf(await store.bytes(digest))).toBe(digest);
      }
      expect(gone.length).toBeGreaterThan(0);
    });
  });
}
