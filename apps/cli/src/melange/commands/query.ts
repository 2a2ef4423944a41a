import { queryRecipe } from '../../query/query.ts';
import type { Subcommand } from '../../drop-in/subcommand.ts';

export const query: Subcommand = {
  name: 'query',
  usage: '<config.yaml> <template>',
  summary: 'Print what a Go template makes of a recipe',
  description:
    'Print what a template of Go makes of a recipe that is parsed but not compiled. Fields have the names of melange’s Configuration. There is field access, range, if, with, and, or, not, eq, ne, lt, le, gt, ge, len, index, slice, print, printf and println.',
  examples: [
    "kiln melange query zlib.yaml '{{ .Package.Name }}-{{ .Package.Version }}-r{{ .Package.Epoch }}'",
    String.raw`kiln melange query zlib.yaml '{{ range .Subpackages }}{{ .Name }}{{ "\n" }}{{ end }}'`,
  ],
  positionals: { min: 2 },
  flags: {},
  run: async ({ positionals: [path = '', template = ''], write }) => {
    write(queryRecipe({ path, template, dialect: 'melange' }));
  },
};
