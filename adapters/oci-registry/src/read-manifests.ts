import { KilnError, RecentlyUsed, digestOf } from '@kiln/base';
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
  readonly #kept = new RecentlyUsed<Digest, Uint8Array>({ bytesMax: keptBytesMax });

  /** A manifest of more than `limitBytes` is not read. */
  constructor(blobs: Pick<BlobStore, 'bytes'>, limitBytes: number) {
    this.#blobs = blobs;
    this.#limitBytes = limitBytes;
  }

  /** Undefined for one that the store has not. Throws what reading does. */
  async bytes(digest: Digest): Promise<Uint8Array | undefined> {
    return this.#kept.get(digest) ?? (await this.#read(digest));
  }

  async #read(digest: Digest): Promise<Uint8Array | undefined> {
    try {
      const bytes = await this.#blobs.bytes(digest, this.#limitBytes);
      // What is damaged on the disk may be repaired there.
      if (digestOf(bytes) === digest) this.#kept.set(digest, bytes, bytes.length);
      return bytes;
    } catch (error) {
      if (error instanceof KilnError && error.code === 'BLOB_UNKNOWN') return undefined;
      throw error;
    }
  }
}
