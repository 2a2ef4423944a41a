import type { Digest } from '@kiln/base';
import type { PackIndex, PackPlace, PackedBlob } from './pack-index.ts';

/** A pack index in memory, for tests. */
export class MemoryPackIndex implements PackIndex {
  readonly #packs = new Map<string, Map<number, Digest>>();

  add(pack: string, digests: readonly Digest[]): Promise<void> {
    this.#packs.set(pack, new Map(digests.entries()));
    return Promise.resolve();
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
