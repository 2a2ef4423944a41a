import { createHash } from 'node:crypto';
import { KilnError, digestFromHex } from '@kiln/base';
import type { Digest } from '@kiln/base';

/** The digest of a package's file as it was read. */
export class SeenBytes {
  readonly #hash = createHash('sha256');
  sizeBytes = 0;

  async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#hash.update(chunk);
      this.sizeBytes += chunk.length;
      yield chunk;
    }
  }

  /** At the end. Throws `APK_DIGEST_MISMATCH` when the package was another one. */
  require(expected: Digest): void {
    requireDigest(expected, this.#hash.digest('hex'));
  }
}

/** Throws `APK_DIGEST_MISMATCH`. */
export function requireDigest(expected: Digest, foundHex: string): void {
  const found = digestFromHex(foundHex);
  if (found === expected) return;
  throw new KilnError('APK_DIGEST_MISMATCH', `package ${expected} has the bytes of ${found}`, {
    retry: 'later',
  });
}
