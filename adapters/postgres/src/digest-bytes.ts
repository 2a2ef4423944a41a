import type { Digest } from '@kiln/base';
import { digestFromHex, hexOf } from '@kiln/base';

const digestBytes = 32;

/** Digests as 32 bytes each, one after another. */
export function bytesOfDigests(digests: readonly Digest[]): Buffer {
  return Buffer.concat(digests.map((digest) => Buffer.from(hexOf(digest), 'hex')));
}

/** What `bytesOfDigests` was given. */
export function digestsOfBytes(bytes: Buffer): readonly Digest[] {
  return Array.from({ length: bytes.length / digestBytes }, (_, at) =>
    digestFromHex(bytes.toString('hex', at * digestBytes, (at + 1) * digestBytes)),
  );
}
