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

interface Remembered {
  readonly text: string;
  readonly arch: Architecture;
  /** The texts of the pipelines that it used, by name. */
  readonly used: ReadonlyMap<string, string>;
  readonly facts: RecipeFacts | undefined;
}

/** Reads recipes, again and again where somebody watches them: what is as it was is not parsed again. */
export class RecipeFactsReader {
  #before: ReadonlyMap<string, Remembered> = new Map();
  #now = new Map<string, Remembered>();
  readonly #definitions = new Map<string, { text: string; definition: PipelineDefinition }>();

  /** Undefined when the recipe is not for this architecture. Throws what parsing and compiling throw, with positions. */
  read(request: RecipeFactsRequest): RecipeFacts | undefined {
    const { text, arch, file } = request;
    const known = this.#now.get(file) ?? this.#before.get(file);
    const same =
      known?.text === text &&
      known.arch === arch &&
      [...known.used].every(([name, used]) => request.pipelines(name)?.text === used);
    const remembered = same ? known : this.#parse(request);
    this.#now.set(file, remembered);
    return remembered.facts;
  }

  /** Ends a round of reading: what nobody asked for in the last two is forgotten. */
  endRound(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  #parse(request: RecipeFactsRequest): Remembered {
    const used = new Map<string, string>();
    const facts = parseFacts(request, (name) => {
      const found = request.pipelines(name);
      if (found === undefined) return undefined;
      used.set(name, found.text);
      return this.#definition(found);
    });
    const { text, arch } = request;
    return {
      text,
      arch,
      used,
      facts: facts && {
        ...facts,
        pipelines: Object.fromEntries([...used].sort(([a], [b]) => (a < b ? -1 : 1))),
      },
    };
  }

  /** Many recipes use the same. */
  #definition({ file, text }: PipelineText): PipelineDefinition {
    const known = this.#definitions.get(file);
    if (known?.text === text) return known.definition;
    const definition = parsePipelineDefinition(text, { file });
    this.#definitions.set(file, { text, definition });
    return definition;
  }
}

function parseFacts(
  request: RecipeFactsRequest,
  pipelines: (name: string) => PipelineDefinition | undefined,
): Omit<RecipeFacts, 'pipelines'> | undefined {
  const decoded = decodeRecipe(request.text, { file: request.file });
  refuseUnsupported(decoded);
  const recipe = expandRecipe(decoded);
  if (!appliesTo(recipe.package.targetArchitectures, request.arch)) return undefined;
  const compiled = compileRecipe({
    recipe,
    arch: request.arch,
    pipelines,
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
    tests: tested.flatMap(({ name, test }) =>
      test === undefined || test.pipeline.length === 0
        ? []
        : [{ package: name, atoms: test.environment.contents.packages }],
    ),
  };
}
