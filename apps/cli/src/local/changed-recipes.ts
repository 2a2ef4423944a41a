import fs from 'node:fs';
import path from 'node:path';
import { sortUnique } from '@kiln/base';
import type { Change, RecipeNode } from '@kiln/graph';
import { splitAtom } from '@kiln/solve/candidates';
import { gitChanges, gitContents, type GitChanges } from './git-changes.ts';
import { builtInPipelines } from './pipeline-texts.ts';
import { recipeFactsReader, type RecipeFactsOptions } from './recipe-facts.ts';

/** What is not as it was at a commit, as far as it concerns recipes. */
export interface TreeChanges {
  /** Real paths of everything that changed in the checkouts. */
  readonly files: ReadonlySet<string>;
  /** Names of pipelines whose files changed. */
  readonly pipelines: ReadonlySet<string>;
  /** Changed and deleted recipes as they were; for each architecture. */
  readonly former: readonly (readonly (RecipeNode | null)[])[];
}

/**
 * Compares the checkouts that recipes are in with a commit: the recipes, the folders beside them that have their names, and
 * pipelines, in as far as they are in the same checkouts. Throws `LOCAL_GIT_FAILED`.
 */
export async function readTreeChanges(
  reference: string,
  recipes: readonly string[],
  options: RecipeFactsOptions,
): Promise<TreeChanges> {
  const folders = new Set(recipes.map((file) => realFolder(file)));
  const checkouts = new Map<string, GitChanges>();
  for (const folder of folders) {
    const found = await gitChanges(folder, reference);
    checkouts.set(found.root, found);
  }
  const files = new Set([...checkouts.values()].flatMap((one) => one.files));
  const pipelines = [...options.pipelineFolders, builtInPipelines].flatMap((folder) =>
    pipelinesAmong(files, folder),
  );
  const former: (readonly (RecipeNode | null)[])[] = [];
  const read = recipeFactsReader(options);
  for (const checkout of checkouts.values()) {
    const wanted = checkout.files.filter(
      (file) => folders.has(path.dirname(file)) && /\.ya?ml$/.test(file),
    );
    for (const [file, bytes] of await gitContents(checkout, wanted)) {
      const result = read(file, bytes);
      // One that was wrong gave nobody anything.
      if (result.kind === 'facts') former.push(result.facts.nodes);
    }
  }
  return { files, pipelines: new Set(pipelines), former };
}

/** The changes as they concern the recipes of one architecture, the one at this place of the options. */
export function changeOf(
  { files, pipelines, former }: TreeChanges,
  nodes: readonly RecipeNode[],
  architecture: number,
): Change {
  const folders = new Set([...files].flatMap(foldersAbove));
  const isChanged = ({ file, name, pipelines: used }: RecipeNode): boolean => {
    const folder = realFolder(file);
    const stem = path.basename(file).replace(/\.ya?ml$/, '');
    return (
      files.has(path.join(folder, path.basename(file))) ||
      [stem, name].some((one) => folders.has(path.join(folder, one))) ||
      used.some((one) => pipelines.has(one))
    );
  };
  return {
    recipes: nodes.filter(isChanged).map(({ name }) => name),
    formerNames: sortUnique(former.flatMap((each) => namesOf(each[architecture]))),
  };
}

function namesOf(node: RecipeNode | null | undefined): readonly string[] {
  return (node?.packages ?? []).flatMap(({ name, provides }) => [
    name,
    ...provides.map((atom) => splitAtom(atom, 'kiln').name),
  ]);
}

/** Git names files below the real path of the work tree. */
function realFolder(file: string): string {
  return fs.realpathSync(path.dirname(path.resolve(file)));
}

function pipelinesAmong(files: ReadonlySet<string>, folder: string): readonly string[] {
  if (!fs.existsSync(folder)) return [];
  const root = fs.realpathSync(folder);
  return [...files].flatMap((file) =>
    file.startsWith(`${root}${path.sep}`) && file.endsWith('.yaml')
      ? [path.relative(root, file).slice(0, -'.yaml'.length)]
      : [],
  );
}

function foldersAbove(file: string): string[] {
  const folders: string[] = [];
  for (let folder = path.dirname(file); folder !== path.dirname(folder);) {
    folders.push(folder);
    folder = path.dirname(folder);
  }
  return folders;
}
