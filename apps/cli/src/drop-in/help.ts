import type { Flag, FlagTable } from './flag.ts';
import { defaultOf } from './flag.ts';
import { withHelp } from './flags.ts';
import type { DropInProgram } from './program.ts';
import type { Subcommand } from './subcommand.ts';

/** The help page of a subcommand, laid out as cobra's users know it. */
export function helpOfSubcommand(program: DropInProgram, subcommand: Subcommand): string {
  const usage = [program.name, subcommand.name, subcommand.usage, '[flags]']
    .filter(Boolean)
    .join(' ');
  return [
    subcommand.description ?? `${subcommand.summary}.`,
    '',
    'Usage:',
    `  ${usage}`,
    '',
    'Examples:',
    ...subcommand.examples.map((example) => `  ${example}`),
    '',
    'Flags:',
    ...flagLines(withHelp(subcommand.flags)),
    '',
    'Global Flags:',
    ...flagLines(program.globalFlags),
    '',
  ].join('\n');
}

/** The overview: every subcommand that is not hidden. */
export function overview(
  program: DropInProgram,
  subcommands: Readonly<Record<string, { summary: string }>>,
): string {
  const rows = Object.entries({ ...subcommands, help: { summary: 'Help about a command' } });
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    program.title,
    '',
    'Usage:',
    `  ${program.name} [command]`,
    '',
    'Available Commands:',
    ...rows
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { summary }]) => `  ${name.padEnd(width)} ${summary}`),
    '',
    'Flags:',
    ...flagLines(withHelp(program.globalFlags)),
    '',
    `Use "${program.name} [command] --help" for more information about a command.`,
    '',
  ].join('\n');
}

function flagLines(table: FlagTable): string[] {
  const shown = Object.entries(table)
    .filter(([, flag]) => flag.hidden !== true && flag.deprecated === undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const left = shown.map(([name, flag]) => leftOf(name, flag));
  const width = Math.max(...left.map((text) => text.length));
  return shown.map(([, flag], at) => `${(left[at] ?? '').padEnd(width)}   ${rightOf(flag)}`);
}

function leftOf(name: string, flag: Flag): string {
  const short = flag.shorthand === undefined ? '    ' : `-${flag.shorthand}, `;
  return `  ${short}--${name}${flag.type === 'bool' ? '' : ` ${flag.type}`}`;
}

function rightOf(flag: Flag): string {
  const value = defaultText(flag);
  const effect = flag.unused === undefined ? '' : ' (no effect)';
  return `${flag.help}${flag.refused === undefined ? effect : ' (not supported)'}${value === '' ? '' : ` (default ${value})`}`;
}

/** The default as the tool's help shows it; empty where it is the type's zero. */
export function defaultText(flag: Flag): string {
  const value = defaultOf(flag);
  if (value === false || value === 0 || value === '') return '';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  return value.length === 0 ? '' : `[${value.join(',')}]`;
}
