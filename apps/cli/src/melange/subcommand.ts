import type { Clock, Logger } from '@kiln/base';
import type { Flags } from './flags.ts';
import type { FlagTable } from './flag.ts';
import { levelOf } from './log.ts';

/** What a subcommand of `kiln melange` receives. */
export interface MelangeInvocation {
  readonly flags: Flags;
  readonly positionals: readonly string[];
  /** Standard error, in melange's lines. */
  readonly log: Logger;
  /** Standard output. */
  write(text: string): void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Aborted by an interrupt. */
  readonly signal: AbortSignal;
}

/** One subcommand as data, and what it does. Whatever `run` throws becomes an `ERRO` line and exit code 1. */
export interface Subcommand {
  readonly name: string;
  /** The words behind the name, such as `[config.yaml]`; flags are added. */
  readonly usage?: string;
  /** One line. */
  readonly summary: string;
  readonly description?: string;
  readonly examples: readonly string[];
  /** How many words besides flags; without a maximum any number. */
  readonly positionals: { readonly min: number; readonly max?: number };
  readonly flags: FlagTable;
  /** Absent while it is not there. */
  readonly run?: (invocation: MelangeInvocation) => Promise<void>;
  /** Why it stays out, and what to use instead. */
  readonly unsupported?: string;
}

/** The flags of every subcommand. */
export const globalFlags: FlagTable = {
  'log-level': {
    type: 'string',
    default: 'INFO',
    help: 'the least that is logged: debug, info, warn or error',
    check: (value) => (levelOf(value) === undefined ? 'no such level' : undefined),
  },
  /** Older melange has it everywhere, today's only with `compile`. */
  'log-policy': {
    type: 'strings',
    default: ['builtin:stderr'],
    hidden: true,
    help: 'where the log goes',
    unused: 'the log goes to standard error',
  },
  gcplog: { type: 'bool', hidden: true, help: 'log in the form of Google Cloud Logging' },
};
