export type {
  Command,
  CommandPage,
  Invocation,
  OptionHelp,
  Output,
  RawCommand,
} from './command.ts';
export { helpOf } from './command.ts';
export type { Entry } from './commands.ts';
export { commands } from './commands.ts';
export type { Flag, FlagTable, FlagValue } from './melange/flag.ts';
export type { Flags } from './melange/flags.ts';
export type { MelangeInvocation, Subcommand } from './melange/subcommand.ts';
export type { SubcommandEntry } from './melange/subcommands.ts';
export { subcommands } from './melange/subcommands.ts';
