import { createHash } from 'node:crypto';
import { KilnError, digestFromHex } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { readPackage } from '@kiln/apk';
import type { PackageLimits } from '@kiln/apk';
import { memberSize, paddedSize, writeTar } from '@kiln/tar';
import type { TarMember } from '@kiln/tar';
import type { CacheRecord, CachedMember } from './record.ts';

export interface ExpandOptions {
  readonly apk: Digest;
  readonly source: AsyncIterable<Uint8Array>;
  readonly limits: Partial<PackageLimits>;
  /** Keeps the archive of the data; returns its size. */
  readonly writeArchive: (archive: AsyncIterable<Uint8Array>) => Promise<number>;
}

/**
 * Reads a package to its end, verifying digest, data hash and the SHA-1 of every file, and keeps its data as an archive
 * in the canonical dialect, in which the place of every member follows from the entries alone.
 */
export async function expand(options: ExpandOptions): Promise<CacheRecord> {
  const seen = new SeenBytes();
  const opened = await readPackage(seen.through(options.source), { limits: options.limits });
  try {
    const members: CachedMember[] = [];
    const archive = writeTar(placed(opened.data, members));
    const tarBytes = await options.writeArchive(seen.requireDigest(archive, options.apk));
    return { sizeBytes: seen.sizeBytes, control: opened.controlBytes, tarBytes, members };
  } finally {
    await opened.close();
  }
}

/** Notes where each member's content will lie while the members pass. */
async function* placed(
  data: AsyncIterable<TarMember>,
  members: CachedMember[],
): AsyncGenerator<TarMember> {
  let position = 0;
  for await (const member of data) {
    const size = memberSize(member.entry);
    members.push({
      entry: member.entry,
      offset: position + size - paddedSize(member.entry.sizeBytes),
    });
    position += size;
    yield member;
  }
}

/** The digest of the package file as it was read. */
class SeenBytes {
  readonly #hash = createHash('sha256');
  sizeBytes = 0;

  async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#hash.update(chunk);
      this.sizeBytes += chunk.length;
      yield chunk;
    }
  }

  /** Passes the archive on and throws at its end, before it is kept, when the package was another one. */
  async *requireDigest(
    archive: AsyncIterable<Uint8Array>,
    expected: Digest,
  ): AsyncGenerator<Uint8Array> {
    yield* archive;
    const found = digestFromHex(this.#hash.digest('hex'));
    if (found === expected) return;
    throw new KilnError('APK_DIGEST_MISMATCH', `package ${expected} has the bytes of ${found}`, {
      retry: 'later',
    });
  }
}
