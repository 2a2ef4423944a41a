import type { Digest } from '@kiln/base';
import { sortUnique } from '@kiln/base';
import type { CompiledRecipe } from '@kiln/recipe';

/** A package that a recipe makes, as it is declared; what building generates comes from an index. */
export interface RecipePackage {
  readonly name: string;
  /** Atoms in the order of the recipe. */
  readonly provides: readonly string[];
  readonly runtime: readonly string[];
  readonly providerPriority?: number;
}

/** What the graph needs to know of a recipe for one architecture. JSON-safe. */
export interface RecipeNode {
  /** The name of its main package, which is what the recipe is called. */
  readonly name: string;
  /** Full version, `1.2.3-r4`. */
  readonly version: string;
  readonly epoch: number;
  /** As it was given. */
  readonly file: string;
  /** Of the bytes of the recipe. */
  readonly digest: Digest;
  /** Those that are made for this architecture, the main one first. */
  readonly packages: readonly RecipePackage[];
  /** Atoms of the build environment, the needs of its steps included. Sorted. */
  readonly build: readonly string[];
  /** Atoms of the environments of all its tests. Sorted. */
  readonly test: readonly string[];
  /** Names of the pipelines that it uses, directly or not. Sorted. */
  readonly pipelines: readonly string[];
}

export interface RecipeNodeSource {
  readonly file: string;
  readonly digest: Digest;
  readonly pipelines: Iterable<string>;
}

/** The facts of a compiled recipe; it may have been compiled without `printScript`, which is faster. */
export function recipeNodeOf(compiled: CompiledRecipe, source: RecipeNodeSource): RecipeNode {
  const made = [compiled.package, ...compiled.subpackages.filter(({ applies }) => applies)];
  const tests = [
    compiled.test,
    ...compiled.subpackages.map(({ applies, test }) => (applies ? test : undefined)),
  ];
  const { name: recipe, version, epoch } = compiled.package;
  return {
    name: recipe,
    version: `${version}-r${epoch}`,
    epoch,
    file: source.file,
    digest: source.digest,
    packages: made.map(({ name, dependencies }) => ({
      name,
      provides: dependencies.provides,
      runtime: dependencies.runtime,
      ...(dependencies.providerPriority === undefined
        ? {}
        : { providerPriority: Number(dependencies.providerPriority) }),
    })),
    build: sortUnique(compiled.environment.contents.packages),
    test: sortUnique(tests.flatMap((test) => test?.environment.contents.packages ?? [])),
    pipelines: sortUnique(source.pipelines),
  };
}
