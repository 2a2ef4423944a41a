import type { Digest } from '@kiln/base';
import type { PackIndex, PackPlace, PackedBlob } from './pack-index.ts';

/** A pack index in memory, for tests. */
export class MemoryPackIndex implements PackIndex {
  readonly #packs = new Map<string, Map<number, Digest>>();
  readonly #used = new Map<string, number>();

  add(pack: string, digests: readonly Digest[], usedAt: number): Promise<void> {
    this.#packs.set(pack, new Map(digests.entries()));
    this.#used.set(pack, usedAt);
    return Promise.resolve();
  }

  async use(digests: readonly Digest[], now: number): Promise<void> {
    for (const places of (await this.find(digests)).values())
      for (const { pack } of places) this.#used.set(pack, now);
  }

  usedAt(packs: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return Promise.resolve(
      new Map(
        packs.flatMap((pack) => {
          const at = this.#used.get(pack);
          return at === undefined || !this.#packs.has(pack) ? [] : [[pack, at] as const];
        }),
      ),
    );
  }

  async collect(
    blobs: readonly PackedBlob[],
    unusedSince: number,
  ): ReturnType<PackIndex['collect']> {
    const removed = blobs.filter(
      ({ pack, entry }) =>
        (this.#used.get(pack) ?? unusedSince) < unusedSince &&
        this.#packs.get(pack)?.has(entry) === true,
    );
    return { removed, emptied: await this.remove(removed) };
  }

  find(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, readonly PackPlace[]>> {
    const wanted = new Set(digests);
    const found = new Map<Digest, PackPlace[]>();
    for (const [pack, entries] of this.#packs) {
      for (const [entry, digest] of entries) {
        if (!wanted.has(digest)) continue;
        found.set(digest, [...(found.get(digest) ?? []), { pack, entry }]);
      }
    }
    return Promise.resolve(found);
  }

  remove(blobs: readonly PackedBlob[]): Promise<readonly string[]> {
    const emptied: string[] = [];
    for (const { pack, entry } of blobs) {
      const entries = this.#packs.get(pack);
      if (entries === undefined || !entries.delete(entry) || entries.size > 0) continue;
      this.#packs.delete(pack);
      emptied.push(pack);
    }
    return Promise.resolve(emptied);
  }

  async *list(): AsyncIterable<PackPlace> {
    for (const [pack, entries] of this.#packs)
      for (const entry of entries.keys()) yield { pack, entry };
  }

  known(packs: readonly string[]): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set(packs.filter((pack) => this.#packs.has(pack))));
  }
}
