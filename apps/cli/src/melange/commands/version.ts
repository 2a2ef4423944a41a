import type { Subcommand } from '../../drop-in/subcommand.ts';
import { printVersion, versionFlags } from '../../drop-in/version.ts';

export const version: Subcommand = {
  name: 'version',
  summary: 'Print the version of Kiln',
  examples: ['kiln melange version --json'],
  positionals: { min: 0 },
  flags: versionFlags,
  run: async (invocation) => printVersion(invocation),
};
