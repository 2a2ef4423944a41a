import { open } from 'node:fs/promises';
import { KilnError, messageOf, shorten } from '@kiln/base';
import { parseRecipe } from '@kiln/recipe';
import type { ParseRecipeOptions, Recipe } from '@kiln/recipe';

const recipeBytesMax = 4 * 2 ** 20;

/** The text of a recipe file, at most 4 MiB. Throws `RECIPE_FILE_NOT_FOUND` and `RECIPE_FILE_FAILED`. */
export async function readRecipeText(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > recipeBytesMax)
      throw new KilnError('RECIPE_FILE_FAILED', `${shorten(path, 200)}: a recipe of ${size} bytes`);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof KilnError) throw error;
    const errno = error instanceof Error && 'code' in error ? error.code : undefined;
    if (errno === 'ENOENT')
      throw new KilnError('RECIPE_FILE_NOT_FOUND', `${shorten(path, 200)}: no such file`);
    throw new KilnError('RECIPE_FILE_FAILED', `${shorten(path, 200)}: ${messageOf(error)}`);
  }
}

/** A recipe file, decoded and expanded. Throws as `readRecipeText` and `parseRecipe`. */
export async function readRecipe(
  path: string,
  options: Omit<ParseRecipeOptions, 'file'> = {},
): Promise<Recipe> {
  return parseRecipe(await readRecipeText(path), { ...options, file: path });
}
