import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { isLibraryName, sharedObject } from '@kiln/assemble/shared-object';
import { byteSource } from '@kiln/elf';
import type { ByteSource } from '@kiln/elf';
import type { PlacedEntry } from '@kiln/tar';
import type { CacheRecord } from './record.ts';

/** What the files of a package that have names of libraries are: looked at once, when it is expanded. */
async function librariesOf(
  members: readonly PlacedEntry[],
  contentOf: (member: PlacedEntry) => ByteSource,
): Promise<CacheRecord['libraries']> {
  const found: CacheRecord['libraries'][number][] = [];
  for (const [index, member] of members.entries()) {
    const { type, path } = member.entry;
    if (type !== 'file' || !isLibraryName(path.slice(path.lastIndexOf('/') + 1))) continue;
    found.push([index, (await sharedObject(contentOf(member))) ?? null]);
  }
  return found;
}

/** The same for an archive at hand. */
export function librariesAtHand(
  members: readonly PlacedEntry[],
  archive: Uint8Array,
): Promise<CacheRecord['libraries']> {
  return librariesOf(members, ({ offset, entry }) =>
    byteSource(archive.subarray(offset, offset + entry.sizeBytes)),
  );
}

/** The same for an archive that is a file. */
export async function librariesIn(
  archive: string,
  members: readonly PlacedEntry[],
): Promise<CacheRecord['libraries']> {
  await using file = await open(archive, 'r');
  return await librariesOf(members, ({ offset, entry }) => partOf(file, offset, entry.sizeBytes));
}

function partOf(file: FileHandle, offset: number, sizeBytes: number): ByteSource {
  return {
    sizeBytes,
    range: async (start, end) => {
      const length = Math.max(0, Math.min(end, sizeBytes) - start);
      const buffer = Buffer.alloc(length);
      // Nothing cannot be read.
      if (length === 0) return buffer;
      const { bytesRead } = await file.read({ buffer, position: offset + start });
      return buffer.subarray(0, bytesRead);
    },
  };
}
