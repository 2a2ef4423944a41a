import { KilnError, digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';

/** Manifests in memory, together: some thousands. */
const keptBytesMax = 16 * 1024 * 1024;

/**
 * Manifests that were read lately, since a registry is asked for few of them again and again, and a file takes longer to open than
 * to send. What a name stands for never changes; whether a repository shows it is asked elsewhere.
 */
export class ReadManifests {
  readonly #blobs: Pick<BlobStore, 'bytes'>;
  readonly #limitBytes: number;
  readonly #keptBytesMax: number;
  /** In the order of their last use. */
  readonly #kept = new Map<Digest, Uint8Array>();
  #keptBytes = 0;

  /** A manifest of more than `limitBytes` is not read. */
  constructor(
    blobs: Pick<BlobStore, 'bytes'>,
    options: { readonly limitBytes: number; readonly keptBytesMax?: number },
  ) {
    this.#blobs = blobs;
    this.#limitBytes = options.limitBytes;
    this.#keptBytesMax = options.keptBytesMax ?? keptBytesMax;
  }

  /** Undefined for one that the store has not. Throws what reading does. */
  async bytes(digest: Digest): Promise<Uint8Array | undefined> {
    const kept = this.#kept.get(digest);
    if (kept === undefined) return this.#read(digest);
    this.#kept.delete(digest);
    this.#kept.set(digest, kept);
    return kept;
  }

  async #read(digest: Digest): Promise<Uint8Array | undefined> {
    let bytes: Uint8Array;
    try {
      bytes = await this.#blobs.bytes(digest, this.#limitBytes);
    } catch (error) {
      if (error instanceof KilnError && error.code === 'BLOB_UNKNOWN') return undefined;
      throw error;
    }
    // What is damaged on the disk may be repaired there.
    if (digestOf(bytes) === digest) this.#keep(digest, bytes);
    return bytes;
  }

  #keep(digest: Digest, bytes: Uint8Array): void {
    // Two may have read it at once.
    if (this.#kept.has(digest)) return;
    this.#kept.set(digest, bytes);
    this.#keptBytes += bytes.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptBytes <= this.#keptBytesMax) return;
      this.#kept.delete(oldest);
      this.#keptBytes -= length;
    }
  }
}
