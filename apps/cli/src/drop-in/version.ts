import { kilnVersion } from '../version.ts';
import type { FlagTable } from './flag.ts';
import type { DropInInvocation } from './subcommand.ts';

export const versionFlags: FlagTable = {
  json: { type: 'bool', help: 'print JSON instead of text' },
};

/** Prints what runs, in the form in which these tools do. */
export function printVersion({ flags, write }: DropInInvocation): void {
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
}
