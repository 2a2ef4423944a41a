import { RecentlyUsed } from '@kiln/base';
import type { Digest } from '@kiln/base';

/** Keeps what was made for a key as long as it likes; what is gone is made again. */
export interface BillCache {
  get(key: Digest): Promise<Uint8Array | undefined>;
  put(key: Digest, bytes: Uint8Array): Promise<void>;
}

/** A cache in memory that forgets what was not used for the longest time. */
export class MemoryBillCache implements BillCache {
  readonly #kept: RecentlyUsed<Digest, Uint8Array>;

  /** What is larger than `bytesMax` alone is not kept. */
  constructor(bytesMax: number) {
    this.#kept = new RecentlyUsed({ bytesMax });
  }

  get(key: Digest): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#kept.get(key));
  }

  put(key: Digest, bytes: Uint8Array): Promise<void> {
    this.#kept.set(key, bytes, bytes.length);
    return Promise.resolve();
  }
}
