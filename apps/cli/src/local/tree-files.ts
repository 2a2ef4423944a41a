import fs from 'node:fs';
import path from 'node:path';
import { compareBytes } from '@kiln/base';
import { unreadableFile } from './recipe-file.ts';

/** Recipes to look at, and folders of pipelines that belong to them. */
export interface TreeFiles {
  /** In the order given; those of a folder in byte order. Each once. */
  readonly recipes: readonly string[];
  /** `pipelines` in the folders given, where it is there. */
  readonly pipelineFolders: readonly string[];
}

/**
 * The recipes that words on the command line mean: a folder means the `.yaml` and `.yml` files in it, not in folders
 * below, without those whose names begin with a dot. Throws `LOCAL_FILE_NOT_FOUND` and `LOCAL_FILE_UNREADABLE`.
 */
export function treeFiles(words: readonly string[]): TreeFiles {
  const recipes = new Map<string, string>();
  const pipelineFolders: string[] = [];
  for (const word of words) {
    const isFolder = statOf(word).isDirectory();
    for (const file of isFolder ? recipesIn(word) : [word]) {
      const absolute = path.resolve(file);
      if (!recipes.has(absolute)) recipes.set(absolute, file);
    }
    const pipelines = path.join(word, 'pipelines');
    if (isFolder && fs.statSync(pipelines, { throwIfNoEntry: false })?.isDirectory() === true)
      pipelineFolders.push(pipelines);
  }
  return { recipes: [...recipes.values()], pipelineFolders };
}

function recipesIn(folder: string): string[] {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => /^[^.].*\.ya?ml$/.test(entry.name) && !entry.isDirectory())
    .map(({ name }) => path.join(folder, name))
    .sort(compareBytes);
}

function statOf(word: string): fs.Stats {
  try {
    return fs.statSync(word);
  } catch (error) {
    throw unreadableFile(word, error);
  }
}
