import { createHash } from 'node:crypto';
import { basename } from 'node:path/posix';
import type { FileEntry, PackageTree } from '@kiln/build';
import { compareBytes } from '@kiln/base';
import { byteSize } from './byte-size.ts';
import type { DuplicateInfo, Linter } from './finding.ts';
import { licenceWeight } from './licence-files.ts';

const sizeBytesMin = 1024;

/** Files of one name and content in several directories; licence texts are meant to lie in many. */
export const duplicate: Linter = async ({ tree }) => {
  const duplicates = (await sameFiles(tree))
    .map(infoOf)
    .sort(
      (a, b) => b.wasted_bytes - a.wasted_bytes || compareBytes(a.paths[0] ?? '', b.paths[0] ?? ''),
    );
  if (duplicates.length === 0) return undefined;
  const wasted = duplicates.reduce((sum, { wasted_bytes }) => sum + wasted_bytes, 0);
  return {
    message: `${tree.packageName} contains ${duplicates.length} duplicate file(s) with same name in different directories (wasting ${byteSize(wasted)} total):`,
    more: duplicates.flatMap((one) => [
      `  ${one.count} copies of '${one.basename}' (${one.size} each, wasting ${one.wasted_size}):`,
      ...one.paths.map((path) => `    ${path}`),
    ]),
    details: {
      total_duplicate_sets: duplicates.length,
      total_wasted_bytes: wasted,
      total_wasted_size: byteSize(wasted),
      duplicates,
    },
  };
};

/** Only files that agree in name and size are read. */
async function sameFiles(tree: PackageTree): Promise<readonly (readonly FileEntry[])[]> {
  const candidates = grouped(
    tree.entries.filter(
      (entry): entry is FileEntry =>
        entry.kind === 'file' && entry.sizeBytes >= sizeBytesMin && licenceWeight(entry.path) === 0,
    ),
    ({ path, sizeBytes }) => `${sizeBytes} ${basename(path)}`,
  );
  const same: (readonly FileEntry[])[] = [];
  for (const files of candidates) {
    const digests = new Map<FileEntry, string>();
    for (const file of files) digests.set(file, await digestOf(file));
    same.push(...grouped(files, (file) => digests.get(file) ?? ''));
  }
  return same;
}

/** Groups of two and more. */
function grouped(
  files: readonly FileEntry[],
  keyOf: (file: FileEntry) => string,
): readonly (readonly FileEntry[])[] {
  return [...Map.groupBy(files, keyOf).values()].filter((group) => group.length > 1);
}

async function digestOf(file: FileEntry): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of file.open()) hash.update(chunk);
  return hash.digest('hex');
}

function infoOf(files: readonly FileEntry[]): DuplicateInfo {
  const size = files[0]?.sizeBytes ?? 0;
  const wasted = (files.length - 1) * size;
  return {
    basename: basename(files[0]?.path ?? ''),
    count: files.length,
    size_bytes: size,
    size: byteSize(size),
    wasted_bytes: wasted,
    wasted_size: byteSize(wasted),
    paths: files.map(({ path }) => path).sort(compareBytes),
  };
}
