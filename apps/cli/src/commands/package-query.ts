import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { queryRecipe } from '../query/query.ts';

export const packageQuery: Command = {
  name: 'package query',
  summary:
    'Print what a Go template makes of recipes, as melange query does: parsed, not compiled. Needs no running factory.',
  usage: 'package query RECIPE... TEMPLATE [--json]',
  examples: [
    "kiln package query zlib.yaml '{{ .Package.Name }}-{{ .Package.FullVersion }}'",
    String.raw`kiln package query *.yaml '{{ range .Environment.Contents.Packages }}{{ . }}{{ "\n" }}{{ end }}'`,
    "kiln package query *.yaml --json '{{ .Package.URL }}'",
  ],
  options: jsonOption,
  async run({ positionals, flags, print }) {
    const paths = positionals.slice(0, -1);
    const template = positionals.at(-1);
    if (template === undefined || paths.length === 0)
      throw usage(packageQuery, 'which recipe, and which template?');
    const rows = paths.map((path) => ({
      file: path,
      text: queryRecipe({ path, template, dialect: 'kiln' }),
    }));
    if (flags['json'] === true) print.data(`${JSON.stringify(rows, null, 2)}\n`);
    // A line's end where the template makes none, so that several answers stay apart.
    else for (const { text } of rows) print.data(/\n$|^$/.test(text) ? text : `${text}\n`);
    return 0;
  },
};
