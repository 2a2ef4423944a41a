import { sortUnique } from '@kiln/base';
import { compileRecipe, parseRecipe } from '@kiln/recipe';
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
}

/** The name in an atom: `zlib-dev>=1.3` is about `zlib-dev`. */
export function nameOfAtom(atom: string): string {
  return parseAtom(atom).name;
}

export interface RecipeFactsRequest {
  readonly text: string;
  readonly file: string;
  readonly arch: string;
  pipelines(name: string): string | undefined;
}

/** Undefined when the recipe is not for this architecture. Throws what parsing and compiling throw, with positions. */
export function readRecipeFacts(request: RecipeFactsRequest): RecipeFacts | undefined {
  const used = new Map<string, string>();
  const recipe = parseRecipe(request.text, { file: request.file });
  const targets = recipe.package.targetArchitectures;
  if (targets.length > 0 && !targets.includes(request.arch)) return undefined;
  const compiled = compileRecipe({
    recipe,
    arch: request.arch,
    pipelines: (name) => {
      const text = request.pipelines(name);
      if (text !== undefined) used.set(name, text);
      return text;
    },
  });
  const packages = [recipe.package, ...recipe.subpackages];
  return {
    name: recipe.package.name,
    names: sortUnique(packages.flatMap((one) => [one.name, ...one.dependencies.provides.map(nameOfAtom)])),
    environment: compiled.environment.packages,
    runtime: packages.flatMap((one) => one.dependencies.runtime.filter((atom) => !atom.startsWith('!'))),
    pipelines: Object.fromEntries([...used].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
