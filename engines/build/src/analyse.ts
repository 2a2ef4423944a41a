import type { CompiledRecipe, CompiledSubpackage, OriginFacts, PackageFacts } from '@kiln/recipe';
import { commands } from './analysis/commands.ts';
import { documentation } from './analysis/documentation.ts';
import { readElfFiles } from './analysis/elf-files.ts';
import { kernel } from './analysis/kernel.ts';
import { perlModules, pythonModules, rubyGems } from './analysis/languages.ts';
import { libraryDirectoriesOf } from './analysis/library-directories.ts';
import type { LibraryVersions } from './analysis/library-versions.ts';
import { pkgConfig } from './analysis/pkg-config.ts';
import {
  combineRelations,
  gatherRelations,
  type GeneratedRelations,
} from './analysis/relations.ts';
import { ownLibraries, sharedObjects } from './analysis/shared-objects.ts';
import { shebangs } from './analysis/shebangs.ts';
import type { AnalysedTree, Dialect, TreePlace } from './analysis/subject.ts';
import type { PackageTree } from './tree.ts';

export type { AnalysedTree, Dialect } from './analysis/subject.ts';

/** The packages of a build that apply: the main one, then subpackages in order. */
export function packagesOf(
  compiled: CompiledRecipe,
): readonly (OriginFacts | CompiledSubpackage)[] {
  return [compiled.package, ...compiled.subpackages.filter(({ applies }) => applies)];
}

/** Reads the ELF files of all packages once; the other analysers work on the result. */
export async function analyseTrees(
  trees: readonly PackageTree[],
  dialect: Dialect = 'kiln',
): Promise<readonly AnalysedTree[]> {
  const analysed: AnalysedTree[] = [];
  for (const tree of trees) analysed.push({ tree, elves: await readElfFiles(tree, dialect) });
  return analysed;
}

export interface RelationsRequest {
  readonly subject: AnalysedTree;
  /** All packages of the recipe, in order, the subject included. */
  readonly relatives: readonly AnalysedTree[];
  readonly facts: Pick<PackageFacts, 'dependencies' | 'options'>;
  /** Full version. */
  readonly version: string;
  /** Given: libraries are depended on in the version that they were linked with, too (`so-ver:`). */
  readonly libraryVersions?: LibraryVersions | undefined;
  /** Default `kiln`. */
  readonly dialect?: Dialect;
  /** For melange; default `workspace`. */
  readonly place?: TreePlace;
}

/** The relations of a package, as its `.PKGINFO` has them. */
export interface PackageRelations extends GeneratedRelations {
  /** What its content implies, before it is joined with what the recipe declares. */
  readonly generated: GeneratedRelations;
  /** Things worth a look. */
  readonly warnings: readonly string[];
}

/**
 * The relations of a package: declared ones joined with those of its shared objects, programs, documentation, modules of
 * pkg-config, Perl, Python, Ruby and Linux, and scripts.
 */
export async function relationsOf(request: RelationsRequest): Promise<PackageRelations> {
  const { subject, relatives, facts, version, dialect = 'kiln', place = 'workspace' } = request;
  const { tree } = subject;
  const libraryDirectories = await libraryDirectoriesOf(
    relatives.map((relative) => relative.tree),
    dialect,
  );
  const languages = { tree, declared: facts.dependencies.runtime, dialect, place };
  const findings = [
    sharedObjects({
      subject,
      relatives,
      libraryDirectories,
      version,
      dialect,
      place,
      libraryVersions: versionsFor(request, libraryDirectories),
    }),
    commands(tree, version),
    documentation(tree),
    await pkgConfig(tree, version, dialect),
    perlModules(languages),
    pythonModules(languages),
    rubyGems(languages),
    await shebangs(tree, dialect),
    await kernel(tree, dialect),
  ];
  const generated = gatherRelations(findings, facts.options);
  return {
    ...combineRelations(facts.dependencies, generated, dialect),
    generated,
    warnings: findings.flatMap(({ warnings }) => warnings ?? []),
  };
}

/** What a package of the recipe provides has the version that is being built; melange lets the index decide that, too. */
function versionsFor(
  { relatives, facts, version, libraryVersions, dialect }: RelationsRequest,
  libraryDirectories: ReadonlySet<string>,
): LibraryVersions | undefined {
  if (libraryVersions === undefined || facts.options.noVersionedShlibDeps) return undefined;
  if (dialect === 'melange') return libraryVersions;
  const own = ownLibraries(relatives, libraryDirectories);
  return {
    versionOf: (soname) => (own.has(soname) ? version : libraryVersions.versionOf(soname)),
  };
}
