import { KilnError } from '@kiln/base';
import { readElf, type ElfFile } from '@kiln/elf';
import type { FileEntry, PackageTree } from './tree.ts';

/** The ELF files of a tree by the path of their file entry. */
export interface ElfFiles {
  readonly byPath: ReadonlyMap<string, ElfFile>;
  /** Files that begin like an ELF file but are none, with the reason. */
  readonly broken: readonly string[];
}

/** Reads the headers of every regular file that begins like an ELF file. */
export async function readElfFiles(tree: PackageTree): Promise<ElfFiles> {
  const byPath = new Map<string, ElfFile>();
  const broken: string[] = [];
  for (const entry of tree.entries) {
    if (entry.kind !== 'file' || entry.sizeBytes < 4) continue;
    try {
      const elf = await readElf(sourceOf(entry));
      if (elf !== undefined) byPath.set(entry.path, elf);
    } catch (error) {
      if (!(error instanceof KilnError && error.code === 'ELF_INVALID')) throw error;
      broken.push(`${tree.packageName}: ${entry.path}: ${error.message}`);
    }
  }
  return { byPath, broken };
}

function sourceOf(entry: FileEntry): {
  sizeBytes: number;
  range(start: number, end: number): Promise<Uint8Array>;
} {
  return { sizeBytes: entry.sizeBytes, range: (start, end) => entry.range(start, end) };
}
