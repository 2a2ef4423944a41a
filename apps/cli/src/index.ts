export { apkoSubcommands } from './apko/subcommands.ts';
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
export type { Flag, FlagTable, FlagValue } from './drop-in/flag.ts';
export type { Flags } from './drop-in/flags.ts';
export type { DropInInvocation, Subcommand, SubcommandEntry } from './drop-in/subcommand.ts';
export { subcommands } from './melange/subcommands.ts';
