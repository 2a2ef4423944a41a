import { fullVersionOf } from '@kiln/recipe';
import { readRecipeFile } from '../../local/recipe-file.ts';
import type { Subcommand } from '../../drop-in/subcommand.ts';

export const packageVersion: Subcommand = {
  name: 'package-version',
  usage: '<config.yaml>',
  summary: 'Print name and version of the package that a recipe makes',
  description:
    'Print name, version and epoch of the package that a recipe makes, as in zlib-1.3.1-r0, without a line’s end.',
  examples: ['kiln melange package-version zlib.yaml'],
  positionals: { min: 1 },
  flags: {},
  run: async ({ positionals: [path = ''], write }) => {
    const recipe = readRecipeFile(path, { dialect: 'melange', commit: '' });
    write(`${recipe.package.name}-${fullVersionOf(recipe.package)}`);
  },
};
