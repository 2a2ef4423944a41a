import { recipeJsonSchema } from '@kiln/recipe';
import type { Command } from '../command.ts';

export const packageSchema: Command = {
  name: 'package schema',
  summary: 'Print the JSON Schema of recipes, for editors that complete and check YAML.',
  wordsMax: 0,
  usage: 'package schema',
  examples: [
    'kiln package schema > recipe.schema.json',
    "echo '# yaml-language-server: $schema=./recipe.schema.json'",
  ],
  options: {},
  run({ print }) {
    print.data(`${JSON.stringify(recipeJsonSchema(), null, 2)}\n`);
    return Promise.resolve(0);
  },
};
