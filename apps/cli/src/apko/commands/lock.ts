import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';
import { appendFlags, archFlag, cacheDirFlag, includeFlag, trustFlag } from '../flags.ts';
import { writeLock } from '../write-lock.ts';

function lockCommand(name: string, extension: string, summary: string): Subcommand {
  return {
    name,
    usage: '<config.yaml>',
    summary,
    description:
      'Write down the packages that a configuration means for each architecture, with their checksums, so that `build --lockfile` takes exactly these.',
    examples: [`kiln apko ${name} nginx.yaml --output nginx.${extension}`],
    positionals: { min: 1 },
    flags: {
      ...appendFlags,
      ...archFlag,
      ...includeFlag,
      ...trustFlag,
      ...cacheDirFlag,
      output: { type: 'string', help: 'the file of the lock; beside the configuration otherwise' },
    },
    run: (invocation: DropInInvocation) => writeLock(invocation, extension),
  };
}

export const lock: Subcommand = lockCommand(
  'lock',
  'lock.json',
  'Write down exactly which packages a configuration means',
);

export const resolve: Subcommand = lockCommand(
  'resolve',
  'resolved.json',
  'Do what lock does, under its old name',
);
