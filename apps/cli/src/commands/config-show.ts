import { printRetentionPolicy } from '@kiln/retention/policy';
import type { Command } from '../command.ts';
import { jsonOption } from '../command.ts';
import type { Config } from '../config.ts';
import { defaultPort } from '../config.ts';
import { table } from '../report.ts';

interface Setting {
  readonly name: string;
  readonly variable: string;
  of(config: Config): string | number | null;
}

const settings: readonly Setting[] = [
  { name: 'home', variable: 'KILN_HOME', of: ({ home }) => home },
  { name: 'port', variable: 'KILN_PORT', of: ({ port }) => port },
  { name: 'catalog', variable: 'KILN_CATALOG', of: ({ catalog }) => catalog ?? null },
  { name: 'osCatalog', variable: 'KILN_OS_CATALOG', of: ({ osCatalog }) => osCatalog },
  {
    name: 'networkAllow',
    variable: 'KILN_NETWORK_ALLOW',
    of: ({ networkAllow }) => networkAllow.join(',') || null,
  },
  { name: 'resyncMs', variable: 'KILN_RESYNC_MS', of: ({ resyncMs }) => resyncMs },
  {
    name: 'retention',
    variable: 'KILN_RETENTION',
    of: ({ retention }) => printRetentionPolicy(retention),
  },
];

export const configShow: Command = {
  name: 'config show',
  summary: 'Print the configuration and where each value comes from.',
  wordsMax: 0,
  usage: 'config show [--json]',
  examples: ['kiln config show', `KILN_PORT=${defaultPort + 1} kiln config show`],
  options: jsonOption,
  async run({ config, flags, print }) {
    const rows = settings.map(({ name, variable, of }) => ({
      name,
      value: of(config),
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
