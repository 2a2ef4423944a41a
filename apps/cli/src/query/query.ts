import { executeTemplate, parseTemplate } from '@kiln/go-template';
import type { RecipeDialect } from '@kiln/recipe';
import { readRecipeFile } from '../local/recipe-file.ts';
import { recipeView } from './recipe-view.ts';

/** What a Go template makes of a recipe file. Throws as `readRecipeFile`, `parseTemplate` and `executeTemplate`. */
export function queryRecipe(query: {
  readonly path: string;
  readonly template: string;
  readonly dialect: RecipeDialect;
}): string {
  const recipe = readRecipeFile(query.path, { dialect: query.dialect, commit: '' });
  return executeTemplate(parseTemplate(query.template), recipeView(recipe));
}
