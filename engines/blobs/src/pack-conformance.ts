import type { Digest } from '@kiln/base';
import { digestOf } from '@kiln/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlobPart, BlobSegment, ComposedBlob } from './composed.ts';
import { composeBlob, partBytes, wholeSegment } from './composed.ts';
import { eachStore, type MakeStore } from './conformance.ts';
import type { BlobPacks } from './packs.ts';
import { packLimits } from './packs.ts';
import type { CollectableBlobs } from './store.ts';
import { touchEveryMs } from './store.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const inline = (text: string): ComposedBlob => composeBlob([bytesOf(text)]);

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/**
 * Registers the tests that every store with `BlobPacks` has to pass, besides `blobStoreConformance`; `make` returns an
 * empty store, on the given clock, for each test. Call it inside a vitest file.
 */
export function blobPacksConformance(make: MakeStore<CollectableBlobs & BlobPacks>): void {
  describe('a store of packs', () => {
    let store: CollectableBlobs & BlobPacks;
    const time = eachStore(make, (made) => (store = made));
    /** Stores bytes and gives them as a segment. */
    const segmentOf = async (text: string, start = 0, end = text.length): Promise<BlobSegment> => {
      const { digest } = await store.put(bytesOf(text));
      return { blob: digest, start, end, bytes: bytesOf(text).subarray(start, end) };
    };

    const collect = async (kept: readonly Digest[]): Promise<readonly Digest[]> => {
      const keeps = (digest: Digest): boolean => kept.includes(digest);
      const request = { keeps, unusedSince: time.nowMs - touchEveryMs, dryRun: false };
      return (await all(store.collect(request))).map((one) => one.digest).sort();
    };
    const textsIn = async (...digests: readonly Digest[]): Promise<readonly string[]> => {
      const found: string[] = [];
      for (const digest of digests)
        if ((await store.stat(digest)) !== undefined) found.push(textOf(await store.bytes(digest)));
      return found;
    };

    it('collects what nobody keeps, and keeps what a kept blob has segments of', async () => {
      const [own, others] = [await segmentOf('kept segment'), await segmentOf('other segment')];
      await store.putMany([inline('packed segment')]);
      const bytes = bytesOf('packed segment');
      const packed = { blob: digestOf(bytes), start: 0, end: bytes.length, bytes };
      const kept = composeBlob([own, packed]);
      const other = composeBlob([others, bytesOf('!')]);
      await store.putMany([kept, inline('beside')]);
      await store.putMany([other]);
      time.nowMs += 24 * touchEveryMs;
      const gone = [other.digest, digestOf('other segment'), digestOf('beside')].sort();
      expect(await collect([kept.digest])).toEqual(gone);
      expect(await textsIn(kept.digest, ...gone)).toEqual(['kept segmentpacked segment']);
      await expect(store.putMany([other])).rejects.toMatchObject({ code: 'BLOB_SEGMENT_INVALID' });
      expect(await collect([])).toHaveLength(3);
    });

    it('collects nothing that was put or touched since', async () => {
      const segment = await segmentOf('segment');
      const [one, two, three] = ['1', '2', '3'].map((text) =>
        composeBlob([segment, bytesOf(text)]),
      );
      for (const blob of [one!, two!, three!]) await store.putMany([blob]);
      time.nowMs += 24 * touchEveryMs;
      expect(await store.touch(one!.digest)).toEqual({ digest: one!.digest, sizeBytes: 8 });
      await store.putMany([two!]);
      expect(await collect([])).toEqual([three!.digest]);
      expect(await textsIn(one!.digest, two!.digest)).toEqual(['segment1', 'segment2']);
      expect(await store.touch(three!.digest)).toBeUndefined();
    });

    it('reads what was put together as any other blob, whole and in ranges', async () => {
      const segment = await segmentOf('0123456789', 2, 8);
      const composed = composeBlob([bytesOf('<'), segment, bytesOf('|'), segment, bytesOf('>')]);
      await store.putMany([inline('one'), composed, inline('')]);
      const text = '<234567|234567>';
      expect(composed).toMatchObject({ digest: digestOf(text), sizeBytes: text.length });
      expect(await store.stat(composed.digest)).toEqual({
        digest: composed.digest,
        sizeBytes: text.length,
      });
      expect(textOf(await store.bytes(composed.digest))).toBe(text);
      expect(textOf(await store.bytes(digestOf('one')))).toBe('one');
      expect((await store.bytes(digestOf(''))).length).toBe(0);
      for (const [start, end] of [
        [0, 15],
        [3, 9],
        [7, 8],
        [8, 99],
        [4, 4],
      ] as const) {
        const part = Buffer.concat(await all(store.read(composed.digest, { start, end })));
        expect(textOf(part)).toBe(text.slice(start, end));
      }
      await expect(all(store.read(composed.digest, { start: 16, end: 17 }))).rejects.toMatchObject({
        code: 'BLOB_RANGE_INVALID',
      });
      await expect(store.bytes(composed.digest, 14)).rejects.toMatchObject({
        code: 'BLOB_TOO_LARGE',
      });
    });

    it('takes packed blobs as segments', async () => {
      const piece = bytesOf('piece');
      await store.putMany([composeBlob([piece])]);
      const composed = composeBlob([wholeSegment(digestOf(piece), piece), bytesOf('!')]);
      await store.putMany([composed]);
      expect(textOf(await store.bytes(composed.digest))).toBe('piece!');
    });

    it('says what a blob has segments of', async () => {
      const [a, b] = [await segmentOf('aaa'), await segmentOf('bbb')];
      const composed = composeBlob([a, bytesOf('x'), b, a]);
      await store.putMany([composed, inline('plain')]);
      expect([...(await store.references(composed.digest))].sort()).toEqual(
        [a.blob, b.blob].sort(),
      );
      expect(await store.references(digestOf('plain'))).toEqual([]);
      expect(await store.references(a.blob)).toEqual([]);
      await expect(store.references(digestOf('none'))).rejects.toMatchObject({
        code: 'BLOB_UNKNOWN',
      });
    });

    it('stores what it is given twice, or has, once', async () => {
      await store.putMany([inline('a'), inline('a'), inline('b')]);
      await store.putMany([inline('b'), inline('c')]);
      await store.putMany([inline('c')]);
      await store.putMany([]);
      await store.put(bytesOf('c'));
      const listed = (await all(store.list())).map(({ digest }) => digest).sort();
      expect(listed).toEqual(['a', 'b', 'c'].map((text) => digestOf(text)).sort());
    });

    it('stores nothing when a segment is not what is stored', async () => {
      const good = await segmentOf('0123456789');
      const composed = composeBlob([good, bytesOf('!')]);
      await store.putMany([composed]);
      const bytes = bytesOf('abc');
      const wrong: readonly BlobSegment[] = [
        { blob: digestOf('absent'), start: 0, end: 3, bytes },
        { ...good, start: 1, end: 4, bytes },
        { ...good, start: 8, end: 11, bytes: bytesOf('89x') },
        { ...good, start: 8, end: 11, bytes: bytesOf('89') },
        { ...good, start: 0, end: 3, bytes: bytesOf('0123') },
        { blob: composed.digest, start: 0, end: 10, bytes: bytesOf('0123456789') },
      ];
      for (const segment of wrong) {
        const attempt = store.putMany([inline('new'), composeBlob([segment])]);
        await expect(attempt).rejects.toMatchObject({ code: 'BLOB_SEGMENT_INVALID' });
      }
      expect(await store.stat(digestOf('new'))).toBeUndefined();
    });

    it('refuses more than its limits', async () => {
      const refused = { code: 'BLOB_PACK_LIMIT' };
      const long = composeBlob([new Uint8Array(packLimits.inlineBytesMax + 1)]);
      await expect(store.putMany([long])).rejects.toMatchObject(refused);
      const parts = Array.from({ length: packLimits.partsMax + 1 }, () => bytesOf(''));
      await expect(store.putMany([composeBlob(parts)])).rejects.toMatchObject(refused);
      const many = Array.from({ length: packLimits.blobsMax + 1 }, () => inline('a'));
      await expect(store.putMany(many)).rejects.toMatchObject(refused);
    });

    it('deletes one of many, and can store it again', async () => {
      await store.putMany([inline('a'), inline('b')]);
      expect(await store.delete(digestOf('a'))).toBe(true);
      expect(await store.delete(digestOf('a'))).toBe(false);
      expect(await store.stat(digestOf('a'))).toBeUndefined();
      await expect(store.bytes(digestOf('a'))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
      expect(textOf(await store.bytes(digestOf('b')))).toBe('b');
      await store.putMany([inline('a')]);
      expect(textOf(await store.bytes(digestOf('a')))).toBe('a');
      expect(await store.delete(digestOf('b'))).toBe(true);
      expect((await all(store.list())).map(({ digest }) => digest)).toEqual([digestOf('a')]);
    });

    it('does not hand out its own memory', async () => {
      const segment = await segmentOf('mine');
      const composed = composeBlob([segment, bytesOf('!')]);
      await store.putMany([composed]);
      (await store.bytes(composed.digest)).fill(0);
      for await (const chunk of store.read(composed.digest)) chunk.fill(0);
      expect(textOf(await store.bytes(composed.digest))).toBe('mine!');
      expect(textOf(await store.bytes(segment.blob))).toBe('mine');
    });

    it('takes the same blobs from many writers at once', async () => {
      const segment = await segmentOf('shared');
      const blobs = Array.from({ length: 40 }, (_, at) =>
        composeBlob([segment, bytesOf(`${at % 10}`)]),
      );
      await Promise.all(Array.from({ length: 8 }, () => store.putMany(blobs)));
      for (const { digest } of blobs) expect(digestOf(await store.bytes(digest))).toBe(digest);
      expect(await all(store.list())).toHaveLength(11);
      for (const { digest } of blobs) await store.delete(digest);
      expect((await all(store.list())).map(({ digest }) => digest)).toEqual([segment.blob]);
    });

    it('reads any composition as its parts joined', async () => {
      const source = Uint8Array.from({ length: 200_000 }, (_, at) => (at * 7919) >> 3);
      const { digest: blob } = await store.put(source);
      const part: fc.Arbitrary<BlobPart> = fc.oneof(
        fc.uint8Array({ maxLength: 50 }),
        fc.tuple(fc.nat(source.length), fc.nat(source.length)).map(([a, b]) => {
          const [start, end] = [Math.min(a, b), Math.max(a, b)];
          return { blob, start, end, bytes: source.subarray(start, end) };
        }),
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(part, { maxLength: 5 }), { maxLength: 6 }),
          fc.nat(),
          async (compositions, seed) => {
            const blobs = compositions.map((parts) => composeBlob(parts));
            await store.putMany(blobs);
            for (const { digest, sizeBytes, parts } of blobs) {
              const whole = Buffer.concat(parts.map(partBytes));
              expect(digestOf(await store.bytes(digest))).toBe(digestOf(whole));
              const start = sizeBytes === 0 ? 0 : seed % sizeBytes;
              const read = Buffer.concat(await all(store.read(digest, { start, end: sizeBytes })));
              expect(Buffer.compare(read, whole.subarray(start))).toBe(0);
            }
          },
        ),
        { numRuns: 40 },
      );
    });
  });
}
