import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { GatheredWriter, digestFromHex, writeAll } from '@kiln/base';
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
  if (source instanceof Uint8Array)
    return await hashed(source, (chunk) => guard(writeAll(file, chunk)));
  const writer = new GatheredWriter(file);
  try {
    const written = await hashed(source, (chunk) => guard(writer.write(chunk)));
    await guard(writer.end());
    return written;
  } finally {
    await writer.settled();
  }
}

/** Gives `write` one chunk after another, and says what they are together. Throws what the source and `write` throw. */
export async function hashed(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<void> | void,
): Promise<BlobStat> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of source instanceof Uint8Array ? [source] : source) {
    hash.update(chunk);
    sizeBytes += chunk.length;
    await write(chunk);
  }
  return { digest: digestFromHex(hash.digest('hex')), sizeBytes };
}
