import { KilnError } from '@kiln/base';
import { readElf, readGoBuildInfo, type ElfFile, type GoBuildInfo } from '@kiln/elf';
import type { PackageTree } from '../tree.ts';

/** The ELF files of a tree by the path of their file entry. */
export interface ElfFiles {
  readonly byPath: ReadonlyMap<string, ElfFile>;
  /** How those that are Go programs were built. */
  readonly goBuilds: ReadonlyMap<string, GoBuildInfo>;
  /** Files that begin like an ELF file but are none, with the reason. */
  readonly broken: readonly string[];
}

/** Reads the headers of every regular file that begins like an ELF file. */
export async function readElfFiles(tree: PackageTree): Promise<ElfFiles> {
  const byPath = new Map<string, ElfFile>();
  const goBuilds = new Map<string, GoBuildInfo>();
  const broken: string[] = [];
  for (const entry of tree.entries) {
    if (entry.kind !== 'file' || entry.sizeBytes < 4) continue;
    try {
      const elf = await readElf(entry);
      if (elf === undefined) continue;
      byPath.set(entry.path, elf);
      const goBuild = await readGoBuildInfo(entry, elf);
      if (goBuild !== undefined) goBuilds.set(entry.path, goBuild);
    } catch (error) {
      if (!(error instanceof KilnError && error.code === 'ELF_INVALID')) throw error;
      broken.push(`${tree.packageName}: ${entry.path}: ${error.message}`);
    }
  }
  return { byPath, goBuilds, broken };
}
