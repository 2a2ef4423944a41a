import { digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PackIndex, PackPlace, PackedBlob } from './pack-index.ts';

/** An index under test and the way to clean up after it. */
export interface PackIndexUnderTest {
  readonly index: PackIndex;
  readonly close?: () => Promise<void>;
}

/** Registers the tests that every `PackIndex` has to pass; `make` returns an empty one. Call it inside a vitest file. */
export function packIndexConformance(
  make: () => PackIndexUnderTest | Promise<PackIndexUnderTest>,
): void {
  describe('a pack index', () => {
    let subject: PackIndexUnderTest;
    let index: PackIndex;
    beforeEach(async () => {
      subject = await make();
      index = subject.index;
    });
    afterEach(async () => {
      await subject.close?.();
    });
    const digests = (from: number, to: number): Digest[] =>
      Array.from({ length: to - from }, (_, at) => digestOf(`blob ${from + at}`));
    const listed = async (): Promise<string[]> => {
      const places: string[] = [];
      for await (const { pack, entry } of index.list()) places.push(`${pack} ${entry}`);
      return places.sort();
    };

    it('finds every entry of a pack that was added, and no other', async () => {
      expect((await index.find(digests(0, 3))).size).toBe(0);
      await index.add('aa', digests(0, 500), 1);
      await index.add('bb', digests(500, 502), 1);
      const found = await index.find([...digests(498, 501), digestOf('other')]);
      expect(found).toEqual(
        new Map<Digest, PackPlace[]>([
          [digestOf('blob 498'), [{ pack: 'aa', entry: 498 }]],
          [digestOf('blob 499'), [{ pack: 'aa', entry: 499 }]],
          [digestOf('blob 500'), [{ pack: 'bb', entry: 0 }]],
        ]),
      );
      expect((await index.find([])).size).toBe(0);
      expect(await listed()).toHaveLength(502);
      expect(await index.known(['aa', 'cc'])).toEqual(new Set(['aa']));
      expect(await index.known([])).toEqual(new Set());
    });

    it('collects entries of packs that are not used, and says which', async () => {
      const day = 86_400_000;
      await index.add('aa', digests(0, 3), day);
      await index.add('bb', digests(3, 5), day);
      const at = (pack: string, entry: number, blob: number): PackedBlob => ({
        pack,
        entry,
        digest: digestOf(`blob ${blob}`),
      });
      await index.use(digests(4, 5), 3 * day);
      expect(await index.usedAt(['aa', 'bb', 'cc'])).toEqual(
        new Map([
          ['aa', day],
          ['bb', 3 * day],
        ]),
      );
      const chosen = [at('aa', 1, 1), at('bb', 0, 3), at('cc', 0, 9)];
      expect(await index.collect(chosen, day)).toEqual({ removed: [], emptied: [] });
      expect(await index.collect(chosen, 2 * day)).toEqual({
        removed: [at('aa', 1, 1)],
        emptied: [],
      });
      expect(await index.collect([at('aa', 0, 0), at('aa', 2, 2)], 2 * day)).toEqual({
        removed: [at('aa', 0, 0), at('aa', 2, 2)],
        emptied: ['aa'],
      });
      expect(await listed()).toEqual(['bb 0', 'bb 1']);
    });

    it('finds a blob that is in two packs in both', async () => {
      await index.add('aa', digests(0, 2), 1);
      await index.add('bb', digests(1, 3), 1);
      expect((await index.find(digests(1, 2))).get(digestOf('blob 1'))).toEqual([
        { pack: 'aa', entry: 1 },
        { pack: 'bb', entry: 0 },
      ]);
    });

    it('forgets entries, and a pack with its last one', async () => {
      await index.add('aa', digests(0, 3), 1);
      await index.add('bb', digests(2, 4), 1);
      const [zero, one, two] = digests(0, 3).map((digest, entry) => ({
        pack: 'aa',
        entry,
        digest,
      }));
      expect(await index.remove([zero!])).toEqual([]);
      expect(await index.remove([zero!, { ...one!, pack: 'cc' }])).toEqual([]);
      expect(await listed()).toEqual(['aa 1', 'aa 2', 'bb 0', 'bb 1']);
      expect(await index.remove([one!, two!])).toEqual(['aa']);
      expect(await index.known(['aa', 'bb'])).toEqual(new Set(['bb']));
      expect((await index.find(digests(0, 3))).get(digestOf('blob 2'))).toEqual([
        { pack: 'bb', entry: 0 },
      ]);
      expect(await index.remove([])).toEqual([]);
    });
  });
}
