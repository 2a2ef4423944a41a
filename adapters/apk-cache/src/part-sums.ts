import { crc32 } from 'node:zlib';
import { pieceBytesMax } from '@kiln/gzip';

/** The bytes on disk are not those that were written. */
export class DamagedError extends Error {}

/** How many parts a content of this size has. */
export function partsIn(sizeBytes: number): number {
  return Math.ceil(sizeBytes / pieceBytesMax);
}

/** Where the parts of a content of this size begin in it, and how large they are: as layers cut it. */
export function contentParts(
  sizeBytes: number,
): readonly { readonly start: number; readonly sizeBytes: number }[] {
  if (sizeBytes > 0 && sizeBytes <= pieceBytesMax) return [{ start: 0, sizeBytes }];
  return Array.from({ length: partsIn(sizeBytes) }, (_, i) => ({
    start: i * pieceBytesMax,
    sizeBytes: Math.min(pieceBytesMax, sizeBytes - i * pieceBytesMax),
  }));
}

/** The CRC-32 of each part of a content that comes in chunks of any size. */
export class PartSums {
  readonly sums: number[] = [];
  #sizeBytes = 0;

  /** `crc` is that of the chunk, where it is known. */
  add(chunk: Uint8Array, crc?: number): void {
    const isPart = this.#sizeBytes % pieceBytesMax === 0 && chunk.length <= pieceBytesMax;
    if (crc !== undefined && isPart) {
      this.sums.push(crc);
      this.#sizeBytes += chunk.length;
      return;
    }
    for (let at = 0; at < chunk.length;) {
      const into = this.#sizeBytes % pieceBytesMax;
      if (into === 0) this.sums.push(0);
      const some = chunk.subarray(at, at + pieceBytesMax - into);
      this.sums.push(crc32(some, this.sums.pop()));
      this.#sizeBytes += some.length;
      at += some.length;
    }
  }
}

/** The same of a content at hand. */
export function sumsOf(content: Uint8Array): readonly number[] {
  const sums = new PartSums();
  sums.add(content);
  return sums.sums;
}

/**
 * Passes a content on, and compares it with the sums of when it was verified: that tells damage as well as a SHA-1, and takes a third of the
 * time. Throws `DamagedError` at its end.
 */
export async function* summed(
  expected: readonly number[],
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const sums = new PartSums();
  for await (const chunk of content) {
    sums.add(chunk);
    yield chunk;
  }
  const isSame =
    sums.sums.length === expected.length && sums.sums.every((sum, i) => sum === expected[i]);
  if (!isSame) throw new DamagedError('content does not match its CRC-32');
}
