import type { ParseArgsOptionsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import { KilnError, messageOf, shorten } from '@kiln/base';
import type { Config } from './config.ts';

export interface OptionHelp {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** One letter: `-o`. */
  readonly short?: string;
  /** The placeholder of the value in the help text. */
  readonly value?: string;
  readonly help: string;
}

/** What a command receives: `positionals` are the words after its name, `rest` those after `--` where it takes such. */
export interface Invocation {
  readonly config: Config;
  readonly positionals: readonly string[];
  readonly rest: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly print: Output;
}

/** Standard output is data, standard error is talk. */
export interface Output {
  data(text: string): void;
  talk(text: string): void;
}

/** What the help says of a command: one sentence, usage, examples, options. */
export interface CommandPage {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly examples: readonly string[];
  readonly options: Readonly<Record<string, OptionHelp>>;
}

/** One command: its page, and a handler that returns the exit code. */
export interface Command extends CommandPage {
  /** How many words it takes after its name; without a number it says itself what is one too many. */
  readonly wordsMax?: number;
  /** Whether words after `--` are for a program that it starts. For other commands they are words like those before. */
  readonly takesRest?: true;
  run(invocation: Invocation): Promise<number>;
}

/** A command that reads its words itself, `--help` included, and needs no configuration. */
export interface RawCommand extends CommandPage {
  runWords(words: readonly string[], print: Output): Promise<number>;
}

export const jsonOption: Readonly<Record<string, OptionHelp>> = {
  json: { type: 'boolean', help: 'print JSON instead of text' },
};

/** Reads a command's words. Throws `USAGE`. */
export function parseInvocation(
  command: Command,
  words: readonly string[],
  config: Config,
  print: Output,
): Invocation {
  const split = command.takesRest === true ? words.indexOf('--') : -1;
  const rest = split < 0 ? [] : words.slice(split + 1);
  const options: ParseArgsOptionsConfig = {};
  for (const [name, option] of Object.entries(command.options)) {
    const { type, multiple = false, short } = option;
    options[name] = { type, multiple, ...(short === undefined ? {} : { short }) };
  }
  const args = split < 0 ? words : words.slice(0, split);
  const { positionals, values } = readWords(command, { args, options });
  const surplus = positionals[command.wordsMax ?? positionals.length];
  if (surplus !== undefined) {
    const where =
      command.takesRest === true ? ' here: what the program is to get stands behind --' : '';
    throw usage(
      command,
      `kiln ${command.name} does not take the word "${shorten(surplus)}"${where}`,
    );
  }
  return { config, positionals, rest, flags: values as Invocation['flags'], print };
}

function readWords(
  command: Command,
  { args, options }: { readonly args: readonly string[]; readonly options: ParseArgsOptionsConfig },
): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node says more than a person needs, after the first sentence.
    const message = messageOf(error).split(/\.\s|\n/)[0] ?? '';
    throw usage(command, `${message.charAt(0).toLowerCase()}${message.slice(1)}`);
  }
}

/** A wrong invocation: exit code 2. */
export function usage(command: Pick<Command, 'name'>, message: string): KilnError {
  return new KilnError('USAGE', message, { hint: `kiln ${command.name} --help` });
}

/** The help text of one command, at most 100 columns wide. */
export function helpOf(command: CommandPage): string {
  const lines = [`usage: kiln ${command.usage}`, '', ...wrap(command.summary, columnsMax), ''];
  if (command.examples.length > 0)
    lines.push('examples:', ...command.examples.map((example) => `  ${example}`), '');
  const help: OptionHelp = { type: 'boolean', help: 'show this text' };
  const rows = Object.entries({ ...command.options, help });
  lines.push('options:');
  for (const [name, option] of rows) {
    const short = option.short === undefined ? '' : `-${option.short}, `;
    const left = `${short}--${name}${option.type === 'string' ? ` ${option.value ?? 'VALUE'}` : ''}`;
    const [first = '', ...more] = wrap(option.help, columnsMax - helpColumn);
    // An option that is longer than its column has a line of its own.
    if (left.length <= helpColumn - 3) lines.push(`  ${left.padEnd(helpColumn - 3)} ${first}`);
    else lines.push(`  ${left}`, `${' '.repeat(helpColumn)}${first}`);
    for (const line of more) lines.push(`${' '.repeat(helpColumn)}${line}`);
  }
  return `${lines.join('\n')}\n`;
}

const columnsMax = 96;
const helpColumn = 25;

/** Lines of at most `columns` characters, broken between words. */
function wrap(text: string, columns: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
