import type { Digest } from '@kiln/base';

/** Keeps what was made for a key as long as it likes; what is gone is made again. */
export interface BillCache {
  get(key: Digest): Promise<Uint8Array | undefined>;
  put(key: Digest, bytes: Uint8Array): Promise<void>;
}

/** A cache in memory that forgets what was not used for the longest time. */
export class MemoryBillCache implements BillCache {
  readonly #bytesMax: number;
  readonly #kept = new Map<Digest, Uint8Array>();
  #sizeBytes = 0;

  /** What is larger than `bytesMax` alone is not kept. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: Digest): Promise<Uint8Array | undefined> {
    const bytes = this.#kept.get(key);
    if (bytes !== undefined) {
      // The map's order is that of use.
      this.#kept.delete(key);
      this.#kept.set(key, bytes);
    }
    return Promise.resolve(bytes);
  }

  put(key: Digest, bytes: Uint8Array): Promise<void> {
    if (!this.#kept.has(key) && bytes.length <= this.#bytesMax) {
      this.#kept.set(key, bytes);
      this.#sizeBytes += bytes.length;
      this.#forget();
    }
    return Promise.resolve();
  }

  #forget(): void {
    for (const [key, bytes] of this.#kept) {
      if (this.#sizeBytes <= this.#bytesMax) return;
      this.#kept.delete(key);
      this.#sizeBytes -= bytes.length;
    }
  }
}
