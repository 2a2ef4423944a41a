import type { DropInProgram } from '../drop-in/program.ts';
import { logLevelFlag } from '../drop-in/program.ts';
import { subcommands } from './subcommands.ts';

/** `kiln melange`. */
export const melangeProgram: DropInProgram = {
  name: 'kiln melange',
  title: 'melange’s command line, by Kiln. It needs no running factory.',
  subcommands,
  globalFlags: {
    ...logLevelFlag,
    /** Older melange has it everywhere, today's only with `compile`. */
    'log-policy': {
      type: 'strings',
      default: ['builtin:stderr'],
      hidden: true,
      help: 'where the log goes',
      unused: 'the log goes to standard error',
    },
    gcplog: { type: 'bool', hidden: true, help: 'log in the form of Google Cloud Logging' },
  },
  unsupportedCode: 'MELANGE_UNSUPPORTED',
  errors: 'log',
};
