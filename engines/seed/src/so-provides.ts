import { sortUnique } from '@kiln/base';
import { byteSource, readElf } from '@kiln/elf';
import type { PackageTree } from './package-tree.ts';

/** Directories that the loader searches, whose libraries count. */
const libraryDirectory = /^usr\/lib(?:64)?(?:\/[a-z0-9_]+-linux-gnu[a-z0-9]*)?$/;

/**
 * `so:SONAME=VERSION` for the libraries of a tree, sorted; the version is what follows `.so.` when that is made of
 * digits and dots, else 0.
 */
export async function soProvides(tree: PackageTree): Promise<string[]> {
  const provides: string[] = [];
  for (const { path, content } of tree.files()) {
    const at = path.lastIndexOf('/');
    const name = path.slice(at + 1);
    if (!libraryDirectory.test(path.slice(0, at)) || !/\.so(?:\.|$)/.test(name)) continue;
    const elf = await readElf(byteSource(content));
    for (const soname of elf?.sonames ?? []) {
      const version = /\.so\.([0-9.]+)$/.exec(soname)?.[1] ?? '0';
      provides.push(`so:${soname}=${version}`);
    }
  }
  return sortUnique(provides);
}
