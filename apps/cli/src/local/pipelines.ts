import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { KilnError, shorten } from '@kiln/base';
import type { PipelineDefinition } from '@kiln/recipe';
import { parsePipelineDefinition } from '@kiln/recipe';

/** The pipelines that come with Kiln. */
export const builtInPipelines: string = fileURLToPath(
  new URL('../../../../catalog/pipelines', import.meta.url),
);

/**
 * Definitions by name: the first of the folders that has the file wins, then the built-in ones. Each is read and parsed
 * once. Throws what parsing throws, and `RECIPE_INVALID` for a name that leads out of a folder.
 */
export function pipelineFinder(
  folders: readonly string[],
): (name: string) => PipelineDefinition | undefined {
  const found = new Map<string, PipelineDefinition | undefined>();
  return (name) => {
    if (!found.has(name)) found.set(name, readDefinition([...folders, builtInPipelines], name));
    return found.get(name);
  };
}

function readDefinition(folders: readonly string[], name: string): PipelineDefinition | undefined {
  for (const folder of folders) {
    const file = path.join(folder, `${name}.yaml`);
    if (path.relative(folder, file).startsWith('..'))
      throw new KilnError('RECIPE_INVALID', `not a pipeline name: "${shorten(name)}"`);
    const text = readIfPresent(file);
    if (text !== undefined) return parsePipelineDefinition(text, { file });
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
