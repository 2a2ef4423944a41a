import { KilnError, type Position } from '@kiln/base';
import { decodeYamlDocument, type YamlPath } from '@kiln/yaml';
import { Growth } from './growth.ts';
import type { RecipeDialect, Step } from './recipe.ts';
import { pipelineSchema, recipeSchema, type RawRecipe } from './schema.ts';
import { stepOf } from './step.ts';

/** A recipe as it is written, decoded strictly; nothing has been replaced. */
export interface DecodedRecipe {
  readonly file: string;
  readonly raw: RawRecipe;
  positionOf(path: YamlPath): Position;
}

export interface DecodeRecipeOptions {
  /** The name that errors show. */
  readonly file: string;
  readonly dialect?: RecipeDialect;
}

/**
 * Reads the YAML of a recipe against its schema (packages.md sections 1 and 2): unknown and duplicate keys are errors,
 * scalars keep their source text where text is wanted. A second document is ignored by the dialect `melange` and refused
 * otherwise. Throws `YAML_INVALID`, `YAML_UNKNOWN_KEY`, `YAML_TYPE`, each with its position.
 */
export function decodeRecipe(text: string, options: DecodeRecipeOptions): DecodedRecipe {
  const melange = options.dialect === 'melange';
  const { value, positionOf } = decodeYamlDocument(text, {
    file: options.file,
    schema: recipeSchema,
    ...(melange ? { form: 'go', furtherDocuments: 'ignore' } : {}),
  });
  if (melange && value.kiln !== undefined) {
    throw new KilnError('YAML_UNKNOWN_KEY', 'unknown key "kiln"', {
      position: positionOf(['kiln']),
      hint: 'melange does not know it; kiln package does',
    });
  }
  return { file: options.file, raw: value, positionOf };
}

/** A reusable pipeline; its variables are resolved where it is used. */
export interface PipelineDefinition {
  readonly file: string;
  readonly step: Step;
}

/** Reads a pipeline definition. Unknown keys are ignored, as in the reference language. Throws as `decodeRecipe`. */
export function parsePipelineDefinition(
  text: string,
  options: DecodeRecipeOptions,
): PipelineDefinition {
  const { value, positionOf } = decodeYamlDocument(text, {
    file: options.file,
    schema: pipelineSchema,
    unknownKeys: 'ignore',
    ...(options.dialect === 'melange' ? { form: 'go', furtherDocuments: 'ignore' } : {}),
  });
  const step = stepOf(value, [], {
    positionOf,
    replace: (same) => same,
    growth: new Growth(options.file),
    // The reference checks the steps of recipes only.
    checks: options.dialect === 'melange' ? 'none' : 'combinations',
  });
  return { file: options.file, step };
}
