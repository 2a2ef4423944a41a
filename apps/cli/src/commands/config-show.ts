import type { Command } from '../command.ts';
import { jsonOption } from '../command.ts';
import { defaultPort } from '../config.ts';
import { table } from '../report.ts';

const variables = [
  { name: 'home', variable: 'KILN_HOME' },
  { name: 'port', variable: 'KILN_PORT' },
  { name: 'catalog', variable: 'KILN_CATALOG' },
  { name: 'osCatalog', variable: 'KILN_OS_CATALOG' },
] as const;

export const configShow: Command = {
  name: 'config show',
  summary: 'Print the configuration and where each value comes from.',
  wordsMax: 0,
  usage: 'config show [--json]',
  examples: ['kiln config show', `KILN_PORT=${defaultPort + 1} kiln config show`],
  options: jsonOption,
  async run({ config, flags, print }) {
    const rows = variables.map(({ name, variable }) => ({
      name,
      value: config[name] ?? null,
      origin: process.env[variable] ? variable : 'default',
    }));
    print.data(
      flags['json'] === true
        ? `${JSON.stringify(rows, null, 2)}\n`
        : table(
            ['NAME', 'VALUE', 'FROM'],
            rows.map((row) => [row.name, String(row.value ?? ''), row.origin]),
          ),
    );
    return 0;
  },
};
