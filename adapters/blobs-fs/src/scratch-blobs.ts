import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { WaitingWriter, digestFromHex, hexOf, isDigest, parseDigest } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { BlobStat, BlobStore, ByteRange, ReadBlobOptions } from '@kiln/blobs';
import { blobBytesLimitDefault, blobDigestMismatch, blobUnknown } from '@kiln/blobs';
import { translateErrno } from './errno.ts';
import { unlessGone } from './files.ts';
import { readRange, readWhole } from './read-blob.ts';
import { hashed } from './write-blob.ts';

/**
 * Blobs of one piece of work, in a folder that is its alone and goes with it: each is a file that is named by its digest. Nothing
 * is synced, and what a crash leaves is of no use to anybody. Whoever writes waits.
 */
export class ScratchBlobs implements BlobStore {
  readonly #folder: string;
  #unnamed = 0;

  /** Throws what the system says of a folder that cannot be made. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Where the blob is, or would be. Throws `DIGEST_INVALID`. */
  path(digest: Digest): string {
    return join(this.#folder, hexOf(parseDigest(digest)));
  }

  stat(digest: Digest): Promise<BlobStat | undefined> {
    return Promise.try(() => {
      const found = statSync(this.path(digest), { throwIfNoEntry: false });
      return found && { digest, sizeBytes: found.size };
    });
  }

  /** Nobody collects. */
  touch(digest: Digest): Promise<BlobStat | undefined> {
    return this.stat(digest);
  }

  read(
    digest: Digest,
    range?: ByteRange,
    options: ReadBlobOptions = {},
  ): AsyncIterable<Uint8Array> {
    return readRange((one) => this.#open(one), digest, { ...options, range });
  }

  bytes(digest: Digest, limitBytes: number = blobBytesLimitDefault): Promise<Uint8Array> {
    return readWhole((one) => this.#open(one), digest, limitBytes);
  }

  /**
   * Throws `BLOB_DIGEST_MISMATCH`, `BLOB_NO_SPACE`, `BLOB_DIRECTORY_DENIED` and, as it is, what the source throws; nothing is kept then.
   * Done with a chunk when it asks for the next.
   */
  async put(source: Uint8Array | AsyncIterable<Uint8Array>, expected?: Digest): Promise<BlobStat> {
    const temporary = join(this.#folder, `unnamed-${this.#unnamed++}`);
    try {
      const written = await this.#write(temporary, source);
      if (expected !== undefined && written.digest !== expected)
        throw blobDigestMismatch(expected, written.digest);
      renameSync(temporary, this.path(written.digest));
      return written;
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  async delete(digest: Digest): Promise<boolean> {
    const found = await this.stat(digest);
    rmSync(this.path(digest), { force: true });
    return found !== undefined;
  }

  async *list(): AsyncIterable<BlobStat> {
    for (const name of readdirSync(this.#folder)) {
      if (!isDigest(`sha256:${name}`)) continue;
      const found = await this.stat(digestFromHex(name));
      if (found !== undefined) yield found;
    }
  }

  async #write(path: string, source: Uint8Array | AsyncIterable<Uint8Array>): Promise<BlobStat> {
    const file = this.#guard(() => openSync(path, 'wx', 0o644));
    try {
      const writer = new WaitingWriter((bytes) => writeSync(file, bytes));
      const written = await hashed(source, (chunk) => this.#guard(() => writer.write(chunk)));
      this.#guard(() => writer.end());
      return written;
    } finally {
      closeSync(file);
    }
  }

  /** Names what the disk said. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw translateErrno(error, this.#folder);
    }
  }

  async #open(digest: Digest): Promise<FileHandle> {
    const file = await unlessGone(open(this.path(digest), 'r'));
    if (file === undefined) throw blobUnknown(digest);
    return file;
  }
}
