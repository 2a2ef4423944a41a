import { RecentlyUsed, concatBytes } from '@kiln/base';
import type { RecentlyUsedLimits } from '@kiln/base';
import type { PackPlace } from '@kiln/blobs';
import { blobUnknown } from '@kiln/blobs';
import type { PackFiles } from './pack-files.ts';
import type { PackEntry, PackHead } from './pack-format.ts';
import { packInvalid } from './pack-invalid.ts';
import type { PackedPart } from './pack-record.ts';
import { parseRecord, partSizeBytes } from './pack-record.ts';

const cacheBytes = { heads: 8 * 1024 * 1024, blocks: 16 * 1024 * 1024 };

/** Nothing pushes more than an eighth of the others out. */
const cacheOf = (bytesMax: number): RecentlyUsedLimits => ({
  bytesMax,
  entryBytesMax: bytesMax / 8,
});

/** A blob in a pack. */
export interface FoundBlob {
  readonly place: PackPlace;
  readonly head: PackHead;
  readonly entry: PackEntry;
}

/** Reads packs, and keeps the heads and blocks that were read last. */
export class PackReader {
  readonly #packs: PackFiles;
  readonly #heads = new RecentlyUsed<string, PackHead>(cacheOf(cacheBytes.heads));
  readonly #blocks = new RecentlyUsed<string, Buffer>(cacheOf(cacheBytes.blocks));

  constructor(packs: PackFiles) {
    this.#packs = packs;
  }

  /** The entry at a place; undefined when there is none. Throws `BLOB_PACK_INVALID`. */
  async entry({ pack, entry: number }: PackPlace): Promise<FoundBlob | undefined> {
    const head = await this.#head(pack);
    const entry = head?.entry(number);
    if (head === undefined || entry === undefined) return undefined;
    return { place: { pack, entry: number }, head, entry };
  }

  /** What the blob is joined of. Throws `BLOB_PACK_INVALID`, or `BLOB_UNKNOWN` when the pack is gone. */
  async parts({ place, head, entry }: FoundBlob): Promise<readonly PackedPart[]> {
    const key = `${place.pack}/${entry.block}`;
    let block = this.#blocks.get(key);
    if (block === undefined) {
      block = await this.#packs.block(place.pack, head.block(entry.block));
      if (block === undefined) throw blobUnknown(entry.digest);
      this.#blocks.set(key, block, block.length);
    }
    const parts = parseRecord(place.pack, block, entry.offset, head.segments);
    const sizeBytes = parts.reduce((sum, part) => sum + partSizeBytes(part), 0);
    if (sizeBytes !== entry.sizeBytes)
      throw packInvalid(place.pack, `${entry.digest} has not the size that is told of it`);
    return parts;
  }

  /** All of a packed blob that has no segments. */
  async inlineBytes({ place, ...found }: FoundBlob): Promise<Uint8Array> {
    const inline: Uint8Array[] = [];
    for (const part of await this.parts({ place, ...found })) {
      if (!(part instanceof Uint8Array))
        throw packInvalid(place.pack, `${found.entry.digest} is a segment and has segments`);
      inline.push(part);
    }
    return concatBytes(inline);
  }

  /** The pack is gone. */
  forget(pack: string): void {
    this.#heads.delete(pack);
  }

  async #head(pack: string): Promise<PackHead | undefined> {
    const held = this.#heads.get(pack);
    if (held !== undefined) return held;
    const head = await this.#packs.head(pack);
    if (head !== undefined) this.#heads.set(pack, head, head.sizeBytes);
    return head;
  }
}
