import { decodeRecipe, type DecodeRecipeOptions } from './decode.ts';
import { expandRecipe, type ExpandOptions } from './expand.ts';
import type { Recipe } from './recipe.ts';

export interface ParseRecipeOptions extends DecodeRecipeOptions, ExpandOptions {}

/** Decodes and expands a recipe. Throws as `decodeRecipe` and `expandRecipe`. */
export function parseRecipe(text: string, options: ParseRecipeOptions): Recipe {
  return expandRecipe(decodeRecipe(text, options), options);
}
