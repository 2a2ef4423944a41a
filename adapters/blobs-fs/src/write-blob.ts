import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { GatheredWriter, digestFromHex, digestOf, writeAll } from '@kiln/base';
import type { BlobStat } from '@kiln/blobs';

/**
 * Writes a new file and hashes it on the way. `guard` names what the disk says; what the source throws passes as it is. Done with
 * a chunk when it asks for the next.
 */
export async function writeHashed(
  file: FileHandle,
  source: Uint8Array | AsyncIterable<Uint8Array>,
  guard: <T>(work: Promise<T>) => Promise<T>,
): Promise<BlobStat> {
  if (source instanceof Uint8Array) {
    await guard(writeAll(file, source));
    return { digest: digestOf(source), sizeBytes: source.length };
  }
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const writer = new GatheredWriter(file);
  try {
    for await (const chunk of source) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await guard(writer.write(chunk));
    }
    await guard(writer.end());
  } finally {
    await writer.settled();
  }
  return { digest: digestFromHex(hash.digest('hex')), sizeBytes };
}
