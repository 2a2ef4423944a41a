import type { FlagTable } from './flag.ts';
import type { Flags } from './flags.ts';
import { levelOf } from './log.ts';
import type { SubcommandEntry } from './subcommand.ts';

/** Another tool's command line, done by Kiln: what differs between one such program and the next. */
export interface DropInProgram {
  /** What the help calls it, such as `kiln melange`. */
  readonly name: string;
  /** First line of the overview. */
  readonly title: string;
  readonly subcommands: Readonly<Record<string, SubcommandEntry>>;
  /** The flags of every subcommand. */
  readonly globalFlags: FlagTable;
  /** The code of what the tool has and this program does not. */
  readonly unsupportedCode: string;
  /** How an error is printed: a line of the log, or `Error: …` whatever the level. */
  readonly errors: 'log' | 'plain';
  /** Acts on global flags before anything else runs. */
  prepare?(flags: Flags): void;
}

/** `--log-level`, which every such program has. */
export const logLevelFlag: FlagTable = {
  'log-level': {
    type: 'string',
    default: 'INFO',
    help: 'the least that is logged: debug, info, warn or error',
    check: (value) => (levelOf(value) === undefined ? 'no such level' : undefined),
  },
};
