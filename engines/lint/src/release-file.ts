import type { ApkPackage } from '@kiln/apk';
import { treeOfPackage, type KeepContent } from '@kiln/build';
import { member } from '@kiln/yaml';
import type { WholePackage } from './package-diff.ts';
import { recipeIn, textOf } from './package-recipe.ts';
import { releasedFiles, type ReleasedPackage } from './release-diff.ts';

/**
 * A finished package, as releases are compared. Its data are read to the end, and so verified; no content is kept. Throws
 * what reading a package does.
 */
export async function releasedPackage(
  apk: Pick<ApkPackage, 'info' | 'data'>,
): Promise<ReleasedPackage> {
  return { info: apk.info, files: releasedFiles(await treeOfPackage(apk, keepNothing)) };
}

/** A finished package, as two are compared. Its data are read to the end, and so verified; no content is kept. */
export async function wholePackage(apk: Pick<ApkPackage, 'info' | 'data'>): Promise<WholePackage> {
  return { info: apk.info, tree: await treeOfPackage(apk, keepNothing) };
}

/** The main package of the recipe that a package was made of; undefined where it does not say so. */
export function releasedRecipe({ control }: Pick<ApkPackage, 'control'>): string | undefined {
  return textOf(member(member(recipeIn(control), 'package'), 'name')) || undefined;
}

const keepNothing: KeepContent = async (content) => {
  for await (const _chunk of content) continue;
  const refuse = (): never => {
    throw new Error('assertion failed: contents are not compared');
  };
  return { open: refuse, range: refuse };
};
