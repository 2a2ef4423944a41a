import { closeSync, openSync, readSync } from 'node:fs';
import { filled } from '@kiln/base';
import { isLibraryName, sharedObject } from '@kiln/assemble/shared-object';
import type { SharedObject } from '@kiln/assemble/shared-object';
import { byteSource } from '@kiln/elf';
import type { ByteSource } from '@kiln/elf';
import type { CachedMember, Members } from './members.ts';
import type { CacheRecord } from './record.ts';

/** What the files of a package that have names of libraries are: looked at once, when it is expanded. */
async function librariesOf(
  members: Members,
  objectOf: (member: CachedMember) => Promise<SharedObject | undefined>,
): Promise<CacheRecord['libraries']> {
  const found: CacheRecord['libraries'][number][] = [];
  for (const member of members) {
    const { type, path } = member.entry;
    if (type !== 'file' || !isLibraryName(path.slice(path.lastIndexOf('/') + 1))) continue;
    found.push([member.index, (await objectOf(member)) ?? null]);
  }
  return found;
}

/** The same for an archive at hand. */
export function librariesAtHand(
  members: Members,
  archive: Uint8Array,
): Promise<CacheRecord['libraries']> {
  return librariesOf(members, ({ offset, entry }) =>
    sharedObject(byteSource(archive.subarray(offset, offset + entry.sizeBytes))),
  );
}

/** The same for an archive that is a file. */
export async function librariesIn(
  archive: string,
  members: Members,
): Promise<CacheRecord['libraries']> {
  using file = new OpenFile(archive);
  return await librariesOf(members, ({ offset, entry }) =>
    sharedObject(file.part(offset, entry.sizeBytes)),
  );
}

/** The same for files that lie at `pathOf` their number. */
export function librariesInFiles(
  members: Members,
  pathOf: (index: number) => string,
): Promise<CacheRecord['libraries']> {
  return librariesOf(members, async ({ index, entry }) => {
    using file = new OpenFile(pathOf(index));
    return await sharedObject(file.part(0, entry.sizeBytes));
  });
}

/** A file that was written a moment ago: it is read without waiting, which takes a tenth of the time of the reads. */
class OpenFile implements Disposable {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  part(offset: number, sizeBytes: number): ByteSource {
    return {
      sizeBytes,
      range: async (start, end) => {
        const bytes = Buffer.alloc(Math.max(0, Math.min(end, sizeBytes) - start));
        const count = filled(bytes, (rest, at) =>
          readSync(this.#file, rest, 0, rest.length, offset + start + at),
        );
        return bytes.subarray(0, count);
      },
    };
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
