import type { PackageContents } from '@kiln/assemble';
import { RecentlyUsed, collect } from '@kiln/base';
import type { SetPackage } from './package-set.ts';

/** Larger files are read each time. */
const fileBytesMax = 1024 * 1024;

/** What is remembered of the files of packages, by the digest of the package and the number of the file. */
export type RememberedFiles = RecentlyUsed<string, Promise<Uint8Array>>;

/**
 * Room for what every image looks at: account files, certificates, lists of links. The rest of the packages goes through it when
 * their layers are made, and out of it again.
 */
export function rememberedFiles(bytesMax: number): RememberedFiles {
  return new RecentlyUsed({ bytesMax, entryBytesMax: fileBytesMax });
}

/** A package whose files, where they are small and used often, are read once. */
export function rememberedPackage(
  { contents, apk }: SetPackage,
  files: RememberedFiles,
): PackageContents {
  const read = (index: number, sizeBytes: number): Promise<Uint8Array> => {
    const key = `${apk} ${index}`;
    const before = files.get(key);
    if (before !== undefined) return before;
    const bytes = collect(
      contents.read(index),
      sizeBytes,
      () => new Error(`assertion failed: a file of ${contents.info.name} is longer than it says`),
    );
    files.set(key, bytes, sizeBytes);
    bytes.catch(() => files.delete(key));
    return bytes;
  };
  return {
    ...contents,
    async *read(index) {
      const sizeBytes = contents.members.at(index)?.entry.sizeBytes ?? 0;
      if (sizeBytes > fileBytesMax) yield* contents.read(index);
      else yield await read(index, sizeBytes);
    },
  };
}
