import type { Digest } from '@kiln/base';
import { readPackage } from '@kiln/apk';
import type { PackageLimits } from '@kiln/apk';
import { memberSize, paddedSize, writeTar } from '@kiln/tar';
import type { TarMember } from '@kiln/tar';
import type { CacheRecord, CachedMember } from './record.ts';
import { SeenBytes } from './seen-bytes.ts';

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
    const tarBytes = await options.writeArchive(withDigest(archive, seen, options.apk));
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

/** Passes the archive on and throws at its end, before it is kept, when the package was another one. */
async function* withDigest(
  archive: AsyncIterable<Uint8Array>,
  seen: SeenBytes,
  expected: Digest,
): AsyncGenerator<Uint8Array> {
  yield* archive;
  seen.require(expected);
}
