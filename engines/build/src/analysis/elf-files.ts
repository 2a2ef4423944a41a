import { KilnError } from '@kiln/base';
import {
  readAsGo,
  readElf,
  readGoBuildInfo,
  type ElfFile,
  type ElfLinkage,
  type GoBuildInfo,
  type GoReading,
} from '@kiln/elf';
import type { FileEntry, PackageTree } from '../tree.ts';
import type { Dialect } from './subject.ts';

/** The ELF files of a tree by the path of their file entry. */
export interface ElfFiles {
  readonly byPath: ReadonlyMap<string, ElfFile>;
  /** What dependencies follow from: as segments say or, for melange, as sections do, whether the file can run or not. */
  readonly linkage: ReadonlyMap<string, ElfLinkage>;
  /** For melange, which is written in Go: how Go reads them, or why it does not. */
  readonly asGo: ReadonlyMap<string, GoReading | string>;
  /** How those that are Go programs were built. */
  readonly goBuilds: ReadonlyMap<string, GoBuildInfo>;
  /** Files that begin like an ELF file but are none, with the reason. */
  readonly broken: readonly string[];
}

/** Reads the headers of every regular file that begins like an ELF file. */
export async function readElfFiles(
  tree: PackageTree,
  dialect: Dialect = 'kiln',
): Promise<ElfFiles> {
  const byPath = new Map<string, ElfFile>();
  const linkage = new Map<string, ElfLinkage>();
  const asGo = new Map<string, GoReading | string>();
  const goBuilds = new Map<string, GoBuildInfo>();
  const broken: string[] = [];
  for (const entry of tree.entries) {
    if (entry.kind !== 'file' || entry.sizeBytes < 4) continue;
    try {
      if (dialect === 'melange') {
        const reading = await goReadingOf(entry);
        if (reading !== undefined) asGo.set(entry.path, reading);
        if (typeof reading === 'object') linkage.set(entry.path, reading.linkage);
      }
      const elf = await readElf(entry);
      if (elf === undefined) continue;
      byPath.set(entry.path, elf);
      if (dialect === 'kiln') linkage.set(entry.path, elf);
      const goBuild = await readGoBuildInfo(entry, elf);
      if (goBuild !== undefined) goBuilds.set(entry.path, goBuild);
    } catch (error) {
      if (!isInvalid(error)) throw error;
      broken.push(`${tree.packageName}: ${entry.path}: ${error.message}`);
    }
  }
  return { byPath, linkage, asGo, goBuilds, broken };
}

/** The reason where Go refuses it. */
async function goReadingOf(file: FileEntry): Promise<GoReading | string | undefined> {
  try {
    return await readAsGo(file);
  } catch (error) {
    if (isInvalid(error)) return error.message;
    throw error;
  }
}

function isInvalid(error: unknown): error is KilnError {
  return error instanceof KilnError && error.code === 'ELF_INVALID';
}
