import type { PackageContents } from '@kiln/assemble';
import { collect } from '@kiln/base';

/** Files up to this size are remembered: account files, certificates, lists of links. */
const fileBytesMax = 1024 * 1024;

/** A package whose small files are read once, however many images look at them. */
export function rememberedPackage(contents: PackageContents): PackageContents {
  const known = new Map<number, Promise<Uint8Array>>();
  const read = (index: number, sizeBytes: number): Promise<Uint8Array> => {
    const before = known.get(index);
    if (before !== undefined) return before;
    const bytes = collect(
      contents.read(index),
      sizeBytes,
      () => new Error(`assertion failed: a file of ${contents.info.name} is longer than it says`),
    );
    known.set(index, bytes);
    bytes.catch(() => known.delete(index));
    return bytes;
  };
  return {
    ...contents,
    async *read(index) {
      const sizeBytes = contents.members[index]?.entry.sizeBytes ?? 0;
      if (sizeBytes > fileBytesMax) yield* contents.read(index);
      else yield await read(index, sizeBytes);
    },
  };
}
