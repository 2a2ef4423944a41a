import type { ParseArgsOptionsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import { KilnError } from '@kiln/base';
import type { Config } from './config.ts';

export interface OptionHelp {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** The placeholder of the value in the help text. */
  readonly value?: string;
  readonly help: string;
}

/** What a command receives: `positionals` are the words after its name, `rest` those after `--`. */
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

/** One command: one sentence, usage, examples, options, and a handler that returns the exit code. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly examples: readonly string[];
  readonly options: Readonly<Record<string, OptionHelp>>;
  run(invocation: Invocation): Promise<number>;
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
  const split = words.indexOf('--');
  const rest = split < 0 ? [] : words.slice(split + 1);
  const options: ParseArgsOptionsConfig = {};
  for (const [name, option] of Object.entries(command.options)) {
    options[name] = { type: option.type, ...(option.multiple === true ? { multiple: true } : {}) };
  }
  try {
    const parsed = parseArgs({
      args: [...(split < 0 ? words : words.slice(0, split))],
      options,
      allowPositionals: true,
      strict: true,
    });
    return {
      config,
      positionals: parsed.positionals,
      rest,
      flags: parsed.values as Invocation['flags'],
      print,
    };
  } catch (error) {
    throw usage(
      command,
      error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
    );
  }
}

/** A wrong invocation: exit code 2. */
export function usage(command: Pick<Command, 'name'>, message: string): KilnError {
  return new KilnError('USAGE', message, { hint: `kiln ${command.name} --help` });
}

/** The help text of one command, at most 100 columns wide. */
export function helpOf(command: Command): string {
  const lines = [`usage: kiln ${command.usage}`, '', `${command.summary}`, ''];
  if (command.examples.length > 0)
    lines.push('examples:', ...command.examples.map((example) => `  ${example}`), '');
  const help: OptionHelp = { type: 'boolean', help: 'show this text' };
  const rows = Object.entries({ ...command.options, help });
  lines.push('options:');
  for (const [name, option] of rows) {
    const left = `--${name}${option.type === 'string' ? ` ${option.value ?? 'VALUE'}` : ''}`;
    lines.push(`  ${left.padEnd(22)} ${option.help}`);
  }
  return `${lines.join('\n')}\n`;
}
