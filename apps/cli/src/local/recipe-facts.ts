import { digestOf, sortUnique, type Digest } from '@kiln/base';
import { recipeNodeOf, type RecipeNode } from '@kiln/graph';
import type { Architecture } from '@kiln/recipe';
import { appliesTo, compileRecipe } from '@kiln/recipe';
import { describeError } from '../report.ts';
import { pipelineTextFinder } from './pipeline-texts.ts';
import { pipelineFinder } from './pipelines.ts';
import { readBytes, recipeOfText, type RecipeFileOptions } from './recipe-file.ts';

export interface RecipeFactsOptions extends RecipeFileOptions {
  readonly architectures: readonly Architecture[];
  readonly pipelineFolders: readonly string[];
}

/** What the graph needs to know of one recipe, and of what texts that is a function. JSON-safe. */
export interface RecipeFacts {
  readonly digest: Digest;
  /** Names and digests of the pipelines it uses. */
  readonly pipelines: readonly (readonly [name: string, digest: Digest])[];
  /** One for each architecture, in their order; null: the recipe is not for it. */
  readonly nodes: readonly (RecipeNode | null)[];
}

/** Facts, or why there are none, as it is printed. */
export type RecipeFactsResult =
  | { readonly kind: 'facts'; readonly facts: RecipeFacts }
  | { readonly kind: 'failed'; readonly error: string };

/**
 * Reads facts of recipes: each is decoded once and compiled for each architecture, without printing its scripts anew, which
 * is what compiling spends its time on. What is wrong with a recipe is the result.
 */
export function recipeFactsReader(
  options: RecipeFactsOptions,
): (file: string, source?: Uint8Array) => RecipeFactsResult {
  const reader = new FactsReader(options);
  return (file, source) => {
    try {
      return { kind: 'facts', facts: reader.read(source ?? readBytes(file), file) };
    } catch (error) {
      return { kind: 'failed', error: describeError(error) };
    }
  };
}

class FactsReader {
  readonly #options: RecipeFactsOptions;
  readonly #texts: ReturnType<typeof pipelineTextFinder>;
  readonly #definitions: ReturnType<typeof pipelineFinder>;
  readonly #digests = new Map<string, Digest>();

  constructor(options: RecipeFactsOptions) {
    this.#options = options;
    this.#texts = pipelineTextFinder(options.pipelineFolders);
    this.#definitions = pipelineFinder(options.pipelineFolders, this.#texts);
  }

  read(source: Uint8Array, file: string): RecipeFacts {
    const digest = digestOf(source);
    const recipe = recipeOfText(Buffer.from(source).toString('utf8'), file, this.#options);
    const allUsed = new Set<string>();
    // What every architecture has in common, when that is all.
    let common: RecipeNode | undefined;
    const nodes = this.#options.architectures.map((arch) => {
      if (!appliesTo(recipe.package.targetArchitectures, arch)) return null;
      if (common !== undefined) return common;
      const used = new Set<string>();
      const compiled = compileRecipe({
        recipe,
        arch,
        pipelines: (name) => {
          used.add(name);
          allUsed.add(name);
          return this.#definitions(name);
        },
      });
      const node = recipeNodeOf(compiled, { file, digest, pipelines: used });
      if (!compiled.readsArchitecture) common = node;
      return node;
    });
    const pipelines = sortUnique(allUsed).map((name) => [name, this.#digest(name)] as const);
    return { digest, pipelines, nodes };
  }

  #digest(name: string): Digest {
    let digest = this.#digests.get(name);
    if (digest === undefined)
      this.#digests.set(name, (digest = digestOf(this.#texts(name)?.text ?? '')));
    return digest;
  }
}
