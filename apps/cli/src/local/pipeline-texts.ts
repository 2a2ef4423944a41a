import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { KilnError, shorten } from '@kiln/base';

/** The pipelines that come with Kiln. */
export const builtInPipelines: string = fileURLToPath(
  new URL('../../../../catalog/pipelines', import.meta.url),
);

/** A pipeline as it is written. */
export interface PipelineText {
  readonly file: string;
  readonly text: string;
}

/**
 * Texts by name: the first of the folders that has the file wins, then the built-in ones. Each is read once. Throws
 * `RECIPE_INVALID` for a name that leads out of a folder.
 */
export function pipelineTextFinder(
  folders: readonly string[],
): (name: string) => PipelineText | undefined {
  return memoised((name) => readFirst([...folders, builtInPipelines], name));
}

/** Finds what is asked for once. */
export function memoised<T>(find: (name: string) => T): (name: string) => T {
  const found = new Map<string, T>();
  return (name) => {
    if (!found.has(name)) found.set(name, find(name));
    return found.get(name) as T;
  };
}

function readFirst(folders: readonly string[], name: string): PipelineText | undefined {
  for (const folder of folders) {
    const file = path.join(folder, `${name}.yaml`);
    if (path.relative(folder, file).startsWith('..'))
      throw new KilnError('RECIPE_INVALID', `not a pipeline name: "${shorten(name)}"`);
    const text = readIfPresent(file);
    if (text !== undefined) return { file, text };
  }
  return undefined;
}

function readIfPresent(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
}
