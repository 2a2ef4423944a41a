import { RecentlyUsed, digestOf } from '@kiln/base';
import type { BlobPart, BlobSegment } from '@kiln/blobs';
import type { LayerCompression, LayerSegment } from '@kiln/assemble';
import { storeSegments } from '@kiln/publish';
import type { ComposedStore } from '@kiln/publish';

interface Entry {
  readonly segment: LayerSegment;
  uses: number;
  stored: Promise<BlobSegment> | undefined;
}

/** Compressed bytes that are remembered. */
const bytesMaxDefault = 16 * 1024 * 1024;

/**
 * Compressed parts of layers by their content, the last used ones. What comes a second time is stored as a blob, so that
 * blobs with it refer to it from then on.
 */
export class SegmentMemo {
  readonly #blobs: ComposedStore;
  readonly #entries: RecentlyUsed<string, Entry>;
  readonly #ofBytes = new WeakMap<Uint8Array, Entry>();

  constructor(blobs: ComposedStore, bytesMax: number = bytesMaxDefault) {
    this.#blobs = blobs;
    this.#entries = new RecentlyUsed({ bytesMax });
  }

  /** The segment of a content. */
  async segment(content: Uint8Array, compression: LayerCompression): Promise<LayerSegment> {
    const key = `${compression.format} ${digestOf(content)}`;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.uses += 1;
      return known.segment;
    }
    const made = await compression.segment(content);
    // What it was compressed into is larger than what it holds.
    const segment = { ...made, bytes: new Uint8Array(made.bytes) };
    const entry = { segment, uses: 1, stored: undefined };
    this.#entries.set(key, entry, entry.segment.bytes.length);
    this.#ofBytes.set(entry.segment.bytes, entry);
    return entry.segment;
  }

  /** Bytes of an archive as a part of a blob: those of a segment that was used again are referred to. */
  async part(bytes: Uint8Array): Promise<BlobPart> {
    const entry = this.#ofBytes.get(bytes);
    if (entry === undefined || entry.uses < 2) return bytes;
    entry.stored ??= this.#store(entry);
    return entry.stored;
  }

  async #store(entry: Entry): Promise<BlobSegment> {
    try {
      const [stored] = await storeSegments(this.#blobs, [entry.segment.bytes]);
      if (stored === undefined) throw new Error('assertion failed: a segment was not stored');
      return stored;
    } catch (error) {
      entry.stored = undefined;
      throw error;
    }
  }
}
