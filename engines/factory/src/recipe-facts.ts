import { sortUnique } from '@kiln/base';
import type { Architecture, PipelineDefinition } from '@kiln/recipe';
import {
  appliesTo,
  compileRecipe,
  decodeRecipe,
  expandRecipe,
  parsePipelineDefinition,
  requirePinnedSources,
} from '@kiln/recipe';
import { refuseUnsupported } from './unsupported.ts';
import { parseAtom } from '@kiln/version';

/** What is known of a recipe before it is built. */
export interface RecipeFacts {
  readonly name: string;
  /** Names of its packages and what they declare to provide. */
  readonly names: readonly string[];
  /** Atoms of the build environment, without those every environment has. */
  readonly environment: readonly string[];
  /** Declared run-time atoms of all its packages. */
  readonly runtime: readonly string[];
  /** The texts of the pipelines it uses, directly or not, by name. */
  readonly pipelines: Readonly<Record<string, string>>;
  /** Its packages that have a test, in the order of the recipe. */
  readonly tests: readonly TestFacts[];
}

export interface TestFacts {
  readonly package: string;
  /** Atoms of the guest, without those every environment has; the package is one of them. */
  readonly atoms: readonly string[];
}

/** The name in an atom: `zlib-dev>=1.3` is about `zlib-dev`. */
export function nameOfAtom(atom: string): string {
  return parseAtom(atom).name;
}

export interface RecipeFactsRequest {
  readonly text: string;
  readonly file: string;
  readonly arch: Architecture;
  /** The text of a pipeline definition and the name of its file. */
  pipelines(name: string): PipelineText | undefined;
}

export interface PipelineText {
  readonly file: string;
  readonly text: string;
}

/** Definitions by name, each parsed once. */
export function pipelineReader(
  texts: (name: string) => PipelineText | undefined,
): (name: string) => PipelineDefinition | undefined {
  const parsed = new Map<string, PipelineDefinition | undefined>();
  return (name) => {
    if (!parsed.has(name)) {
      const found = texts(name);
      parsed.set(
        name,
        found === undefined ? undefined : parsePipelineDefinition(found.text, { file: found.file }),
      );
    }
    return parsed.get(name);
  };
}

/** Undefined when the recipe is not for this architecture. Throws what parsing and compiling throw, with positions. */
export function readRecipeFacts(request: RecipeFactsRequest): RecipeFacts | undefined {
  const used = new Map<string, string>();
  const decoded = decodeRecipe(request.text, { file: request.file });
  refuseUnsupported(decoded);
  const recipe = expandRecipe(decoded);
  if (!appliesTo(recipe.package.targetArchitectures, request.arch)) return undefined;
  const compiled = compileRecipe({
    recipe,
    arch: request.arch,
    pipelines: pipelineReader((name) => {
      const found = request.pipelines(name);
      if (found !== undefined) used.set(name, found.text);
      return found;
    }),
  });
  requirePinnedSources(compiled);
  const packages = [recipe.package, ...recipe.subpackages];
  const tested = [
    { name: recipe.package.name, test: compiled.test },
    ...compiled.subpackages.filter(({ applies }) => applies),
  ];
  return {
    name: recipe.package.name,
    names: sortUnique(
      packages.flatMap((one) => [one.name, ...one.dependencies.provides.map(nameOfAtom)]),
    ),
    environment: compiled.environment.contents.packages,
    runtime: packages.flatMap((one) =>
      one.dependencies.runtime.filter((atom) => !atom.startsWith('!')),
    ),
    pipelines: Object.fromEntries([...used].sort(([a], [b]) => (a < b ? -1 : 1))),
    tests: tested.flatMap(({ name, test }) =>
      test === undefined || test.pipeline.length === 0
        ? []
        : [{ package: name, atoms: test.environment.contents.packages }],
    ),
  };
}
