import { KilnError, messageOf, shorten } from '@kiln/base';
import type { DropInProgram } from '../drop-in/program.ts';
import { logLevelFlag } from '../drop-in/program.ts';
import { apkoSubcommands } from './subcommands.ts';

/** `kiln apko`. */
export const apkoProgram: DropInProgram = {
  name: 'kiln apko',
  title: 'apko’s command line, by Kiln. It needs no running factory.',
  subcommands: apkoSubcommands,
  globalFlags: {
    ...logLevelFlag,
    workdir: { type: 'string', shorthand: 'C', help: 'the folder to work in' },
  },
  unsupportedCode: 'APKO_UNSUPPORTED',
  errors: 'plain',
  prepare(flags) {
    const folder = flags.string('workdir');
    if (folder === '') return;
    try {
      // Every path of a configuration is relative to it, so the whole process goes there.
      process.chdir(folder);
    } catch (error) {
      throw new KilnError(
        'APKO_USAGE',
        `failed to change dir to ${shorten(folder, 200)}: ${messageOf(error)}`,
        { hint: 'name a folder that is there' },
      );
    }
  },
};
