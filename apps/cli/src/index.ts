export type { Command, Invocation, OptionHelp, Output } from './command.ts';
export { helpOf } from './command.ts';
export type { Entry } from './commands.ts';
export { commands } from './commands.ts';
