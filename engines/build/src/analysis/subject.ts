import type { PackageTree } from '../tree.ts';
import type { ElfFiles } from './elf-files.ts';

/** Whose rules count where they differ: `melange` repeats that program's quirks, `kiln` does what they were meant to. */
export type Dialect = 'kiln' | 'melange';

/** Where melange has the trees: in the folder of a build, or in finished packages. */
export type TreePlace = 'workspace' | 'archive';

/** A package of the recipe as analysis sees it. */
export interface AnalysedTree {
  readonly tree: PackageTree;
  readonly elves: ElfFiles;
}
