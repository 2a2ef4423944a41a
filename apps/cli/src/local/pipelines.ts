import type { PipelineDefinition, RecipeDialect } from '@kiln/recipe';
import { parsePipelineDefinition } from '@kiln/recipe';
import { memoised, pipelineTextFinder, type PipelineText } from './pipeline-texts.ts';

/** Definitions by name, each parsed once. Throws what parsing throws, and what finding the text does. */
export function pipelineFinder(
  folders: readonly string[],
  find: (name: string) => PipelineText | undefined = pipelineTextFinder(folders),
  dialect: RecipeDialect = 'kiln',
): (name: string) => PipelineDefinition | undefined {
  return memoised((name) => {
    const found = find(name);
    return found && parsePipelineDefinition(found.text, { file: found.file, dialect });
  });
}
