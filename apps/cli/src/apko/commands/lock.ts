import type { FlagTable } from '../../drop-in/flag.ts';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';
import { writeLock } from '../../image-build/write-lock.ts';
import { appendFlags, archFlag, cacheDirFlag, includeFlag, trustFlag } from '../flags.ts';
import { taskOfFlags } from '../task-of-flags.ts';

const flagTable: FlagTable = {
  ...appendFlags,
  ...archFlag,
  ...includeFlag,
  ...trustFlag,
  ...cacheDirFlag,
  output: { type: 'string', help: 'the file of the lock; beside the configuration otherwise' },
};

function lockCommand(name: string, extension: string, summary: string): Subcommand {
  return {
    name,
    usage: '<config.yaml>',
    summary,
    description:
      'Write down the packages that a configuration means for each architecture, with their checksums, so that `build --lockfile` takes exactly these.',
    examples: [`kiln apko ${name} nginx.yaml --output nginx.${extension}`],
    positionals: { min: 1 },
    flags: flagTable,
    run: async (invocation: DropInInvocation) => {
      const output = invocation.flags.string('output');
      await writeLock(taskOfFlags(invocation, flagTable), { output, extension });
    },
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
