import { createHash } from 'node:crypto';
import { digestFromHex } from '@kiln/base';
import type { Digest } from '@kiln/base';

/** The SHA-256 of contents that come one after another. */
export interface ContentSum {
  /** The content must not change until this is done. Throws what ended the sum before its time. */
  update(content: Uint8Array): Promise<void>;
  /** To be called once, at the end. Throws as `update`. */
  digest(): Promise<Digest>;
}

/** Hashes elsewhere, such as in a thread, what is worth it. */
export interface ContentSums {
  /** For contents of so many bytes together, about; undefined for what is not worth it. */
  sum(sizeBytes: number): Promise<ContentSum | undefined>;
}

/** In the thread that asks. */
export function sumHere(): ContentSum {
  const hash = createHash('sha256');
  return {
    update: async (content) => void hash.update(content),
    digest: async () => digestFromHex(hash.digest('hex')),
  };
}
