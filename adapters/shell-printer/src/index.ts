export type { ShellPrinter } from './shell-printer.ts';
export { openShellPrinter } from './shell-printer.ts';
