import type { Clock, Logger } from '@kiln/base';
import type { FlagTable } from './flag.ts';
import type { Flags } from './flags.ts';

/** What a subcommand of a drop-in program receives. */
export interface DropInInvocation {
  readonly flags: Flags;
  readonly positionals: readonly string[];
  /** Standard error, in the program's lines. */
  readonly log: Logger;
  /** Standard output. */
  write(text: string): void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Aborted by an interrupt. */
  readonly signal: AbortSignal;
}

/** One subcommand as data, and what it does. Whatever `run` throws becomes one error and exit code 1. */
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
  readonly run?: (invocation: DropInInvocation) => Promise<void>;
  /** Why it stays out, and what to use instead. */
  readonly unsupported?: string;
}

/** A subcommand that is loaded only when it is used. */
export interface SubcommandEntry {
  /** For the overview: one line. */
  readonly summary: string;
  /** In no overview. */
  readonly hidden?: boolean;
  load(): Promise<Subcommand>;
}
