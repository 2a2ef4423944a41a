import { recordOf } from '@kiln/apk';
import type { IndexRecord, PrintIndexOptions } from '@kiln/apk';
import { mapBounded } from '@kiln/base';
import { readPackageFile } from './package-file.ts';

const atOnce = 4;

export interface IndexPackagesOptions extends PrintIndexOptions {
  /** Packages of another architecture are left out; without one all are taken. */
  readonly arch?: string | undefined;
  /** Called when the work on a file begins. */
  readonly onFile?: (path: string) => void;
}

/** A package and the record it gets. */
export interface IndexedPackage {
  readonly path: string;
  readonly record: IndexRecord;
}

export interface IndexedPackages {
  /** In the order of the files. */
  readonly taken: readonly IndexedPackage[];
  /** Those of another architecture. */
  readonly leftOut: readonly IndexedPackage[];
}

/**
 * The index records of package files, four of which are read at once, and only their fronts. melange's dialect reads
 * `.PKGINFO` as that tool does, so that only the first licence gets into the index. Throws as `readPackageFile`.
 */
export async function indexPackages(
  paths: readonly string[],
  options: IndexPackagesOptions = {},
): Promise<IndexedPackages> {
  const dialect = options.dialect === 'melange' ? 'apko' : 'plain';
  const all = await mapBounded(paths, atOnce, async (path) => {
    options.onFile?.(path);
    const head = await readPackageFile(path, { dialect });
    return { path, record: recordOf(head.info, head.checksum, head.sizeBytes) };
  });
  const isTaken = ({ record }: IndexedPackage): boolean =>
    options.arch === undefined || record.arch === options.arch;
  return { taken: all.filter(isTaken), leftOut: all.filter((one) => !isTaken(one)) };
}
