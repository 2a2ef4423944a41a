import type { CompiledRecipe, CompiledSubpackage, OriginFacts } from '@kiln/recipe';
import { commands, shebangs } from './commands.ts';
import { readElfFiles } from './elf-files.ts';
import { pkgConfig } from './pkg-config.ts';
import { combineRelations, type GeneratedRelations } from './relations.ts';
import { libraryDirectoriesOf, sharedObjects, type AnalysedTree } from './shared-objects.ts';
import type { PackageTree } from './tree.ts';

/** The packages of a build that apply: the main one, then subpackages in order. */
export function packagesOf(
  compiled: CompiledRecipe,
): readonly (OriginFacts | CompiledSubpackage)[] {
  return [compiled.package, ...compiled.subpackages.filter(({ applies }) => applies)];
}

/** Reads the ELF files of all packages once; the other analysers work on the result. */
export async function analyseTrees(
  trees: readonly PackageTree[],
): Promise<readonly AnalysedTree[]> {
  const analysed: AnalysedTree[] = [];
  for (const tree of trees) analysed.push({ tree, elves: await readElfFiles(tree) });
  return analysed;
}

export interface RelationsRequest {
  readonly subject: AnalysedTree;
  readonly relatives: readonly AnalysedTree[];
  readonly facts: OriginFacts | CompiledSubpackage;
  /** Full version. */
  readonly version: string;
}

/** The relations of a package: declared ones joined with those of its shared objects, programs, scripts and modules. */
export async function relationsOf(request: RelationsRequest): Promise<GeneratedRelations> {
  const { subject, relatives, facts, version } = request;
  const libraryDirectories = await libraryDirectoriesOf(relatives.map(({ tree }) => tree));
  const found = [
    sharedObjects({ subject, relatives, libraryDirectories, version }),
    commands(subject.tree, version),
    await pkgConfig(subject.tree, version),
    await shebangs(subject.tree),
  ];
  const generated: GeneratedRelations = {
    runtime: found.flatMap(({ runtime }) => runtime),
    provides: found.flatMap(({ provides }) => provides),
    vendored: found.flatMap(({ vendored }) => vendored),
  };
  return combineRelations(facts.dependencies, generated, facts.options);
}
