import { createHash } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { GatheredWriter, digestFromHex, digestOf, hexOf, parseDigest } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { BlobStat } from '@kiln/blobs';
import { blobDigestMismatch } from '@kiln/blobs';
import { translateErrno } from './errno.ts';

/**
 * Blobs of one piece of work, in a folder that is its alone and goes with it: each is a file that is named by its digest. Nothing
 * is synced, and what a crash leaves is of no use to anybody. Small things are written without waiting.
 */
export class ScratchBlobs {
  readonly #folder: string;
  #unnamed = 0;

  /** The folder is there, and empty. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where the blob is, or would be. Throws `DIGEST_INVALID`. */
  path(digest: Digest): string {
    return join(this.#folder, hexOf(parseDigest(digest)));
  }

  /**
   * Throws `BLOB_DIGEST_MISMATCH`, `BLOB_NO_SPACE`, `BLOB_DIRECTORY_DENIED` and what the source throws; nothing is kept then.
   * Done with a chunk when it asks for the next.
   */
  async put(source: Uint8Array | AsyncIterable<Uint8Array>, expected?: Digest): Promise<BlobStat> {
    const temporary = join(this.#folder, `unnamed-${this.#unnamed++}`);
    try {
      const written =
        source instanceof Uint8Array
          ? writeWhole(temporary, source)
          : await writeStream(temporary, source);
      if (expected !== undefined && written.digest !== expected)
        throw blobDigestMismatch(expected, written.digest);
      renameSync(temporary, this.path(written.digest));
      return written;
    } catch (error) {
      rmSync(temporary, { force: true });
      throw translateErrno(error, this.#folder);
    }
  }
}

function writeWhole(file: string, bytes: Uint8Array): BlobStat {
  writeFileSync(file, bytes, { flag: 'wx' });
  return { digest: digestOf(bytes), sizeBytes: bytes.length };
}

/** Hashes while it is written. */
async function writeStream(path: string, source: AsyncIterable<Uint8Array>): Promise<BlobStat> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  await using file = await open(path, 'wx', 0o644);
  const writer = new GatheredWriter(file);
  try {
    for await (const chunk of source) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await writer.write(chunk);
    }
    await writer.end();
  } finally {
    await writer.settled();
  }
  return { digest: digestFromHex(hash.digest('hex')), sizeBytes };
}
