import { kilnVersion } from '../../version.ts';
import type { Subcommand } from '../../drop-in/subcommand.ts';

export const version: Subcommand = {
  name: 'version',
  summary: 'Print the version of Kiln',
  examples: ['kiln melange version --json'],
  positionals: { min: 0 },
  flags: { json: { type: 'bool', help: 'print JSON instead of text' } },
  run: async ({ flags, write }) => {
    const facts = {
      gitVersion: `kiln ${kilnVersion()}`,
      nodeVersion: process.versions.node,
      platform: `${process.platform}/${process.arch}`,
    };
    write(
      flags.bool('json')
        ? `${JSON.stringify(facts, null, 2)}\n`
        : `GitVersion:    ${facts.gitVersion}\nNodeVersion:   ${facts.nodeVersion}\nPlatform:      ${facts.platform}\n`,
    );
  },
};
