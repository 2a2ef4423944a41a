import type { Clock, Logger } from '@kiln/base';
import { KilnError, messageOf, shorten } from '@kiln/base';
import { nearestWord } from '@kiln/yaml/nearest';
import type { Output } from '../command.ts';
import { hostErrorOf } from '../host-error.ts';
import { withoutControls } from '../report.ts';
import type { Flag, FlagTable } from './flag.ts';
import { defaultOf } from './flag.ts';
import type { Flags } from './flags.ts';
import { parseWords, requireFlags, takesNext, wrongUsage } from './flags.ts';
import { helpOfSubcommand, overview } from './help.ts';
import { dropInLog, levelOf } from './log.ts';
import type { DropInProgram } from './program.ts';
import type { Subcommand, SubcommandEntry } from './subcommand.ts';

/** The world of a drop-in program, which needs no configuration and no factory. */
export interface DropInWorld {
  readonly print: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Runs the words after the program's name. The exit code is 0, or 1 whatever went wrong. */
export async function runProgram(
  program: DropInProgram,
  words: readonly string[],
  world: DropInWorld,
): Promise<number> {
  try {
    return await new Dispatch(program, world).run(words);
  } catch (error) {
    const log = dropInLog(world.print.talk, { level: 8, form: 'lines', clock: world.clock });
    reportError(program, world, { log, error });
    return 1;
  }
}

class Dispatch {
  readonly #program: DropInProgram;
  readonly #world: DropInWorld;

  constructor(program: DropInProgram, world: DropInWorld) {
    this.#program = program;
    this.#world = world;
  }

  async run(words: readonly string[]): Promise<number> {
    const { globalFlags, name: programName } = this.#program;
    const at = commandAt(globalFlags, words);
    const name = at === undefined ? undefined : words[at];
    if (at === undefined || name === undefined) {
      // Without a subcommand there is only help, but wrong flags are still wrong.
      parseWords(globalFlags, words);
      this.#world.print.data(overview(this.#program, this.#listed()));
      return 0;
    }
    const rest = [...words.slice(0, at), ...words.slice(at + 1)];
    if (name === 'help') return this.#help(rest);
    const entry = this.#entryOf(name);
    if (entry === undefined) throw this.#unknownCommand(name, programName);
    return this.#runSubcommand(await entry.load(), rest);
  }

  #listed(): Record<string, SubcommandEntry> {
    const { subcommands } = this.#program;
    return Object.fromEntries(Object.entries(subcommands).filter(([, entry]) => !entry.hidden));
  }

  #entryOf(name: string): SubcommandEntry | undefined {
    const { subcommands } = this.#program;
    return Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  }

  #unknownCommand(name: string, programName: string): KilnError {
    const nearest = nearestWord(name, Object.keys(this.#listed()));
    return wrongUsage(
      `unknown command "${shorten(name)}" for "${programName}"`,
      nearest === undefined
        ? `${programName} --help lists the commands`
        : `did you mean ${nearest}?`,
    );
  }

  async #help(words: readonly string[]): Promise<number> {
    const topic = parseWords(this.#program.globalFlags, words).positionals[0];
    const entry = topic === undefined ? undefined : this.#entryOf(topic);
    if (topic !== undefined && entry === undefined)
      throw this.#unknownCommand(topic, this.#program.name);
    this.#world.print.data(
      entry === undefined
        ? overview(this.#program, this.#listed())
        : helpOfSubcommand(this.#program, await entry.load()),
    );
    return 0;
  }

  async #runSubcommand(subcommand: Subcommand, words: readonly string[]): Promise<number> {
    const { print, environment, clock, signal } = this.#world;
    const table: FlagTable = { ...this.#program.globalFlags, ...subcommand.flags };
    const { flags, positionals, help } = parseWords(table, words);
    const log = dropInLog(print.talk, {
      level: levelOf(flags.string('log-level')) ?? 0,
      form: 'gcplog' in table && flags.bool('gcplog') ? 'gcp' : 'lines',
      clock,
    });
    if (help) {
      print.data(helpOfSubcommand(this.#program, subcommand));
      return 0;
    }
    try {
      this.#refuseUnsupported(subcommand);
      checkPositionals(subcommand, positionals.length);
      requireFlags(subcommand.flags, flags);
      this.#reportFlags(table, flags, log);
      this.#program.prepare?.(flags);
      const write = print.data;
      await subcommand.run?.({ flags, positionals, log, write, environment, clock, signal });
      return 0;
    } catch (error) {
      reportError(this.#program, this.#world, { log, error });
      return 1;
    }
  }

  #refuseUnsupported(subcommand: Subcommand): void {
    if (subcommand.run !== undefined) return;
    const { unsupportedCode, name } = this.#program;
    throw new KilnError(unsupportedCode, `${name} ${subcommand.name} is not supported`, {
      hint: subcommand.unsupported,
    });
  }

  /** Says what has no effect, and refuses what may not be left without effect. */
  #reportFlags(table: FlagTable, flags: Flags, log: Logger): void {
    for (const [name, flag] of Object.entries(table)) {
      if (!flags.given(name)) continue;
      if (flag.refused !== undefined && !hasDefault(flags, name, flag))
        throw new KilnError(this.#program.unsupportedCode, `--${name} is not supported`, {
          hint: flag.refused,
        });
      if (flag.deprecated !== undefined)
        log.warn(`flag --${name} has been deprecated, ${flag.deprecated}`);
      else if (flag.unused !== undefined) log.info(`--${name} has no effect: ${flag.unused}`);
    }
  }
}

/** Whether a flag was given the value that it has anyway, as scripts do. */
function hasDefault(flags: Flags, name: string, flag: Flag): boolean {
  if (flag.type === 'bool') return flags.bool(name) === defaultOf(flag);
  return flag.type === 'string' && flags.string(name) === defaultOf(flag);
}

/** Where the subcommand's name is: the first word that is no flag and no value of one. */
function commandAt(globalFlags: FlagTable, words: readonly string[]): number | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return undefined;
    if (word !== '' && !word.startsWith('-')) return at;
    const alone = word.startsWith('--') || word.length === 2;
    if (alone && !word.includes('=') && takesNext(globalFlags, word)) at += 1;
  }
  return undefined;
}

function checkPositionals({ positionals: { min, max } }: Subcommand, count: number): void {
  if (min === max && count !== min) throw wrongUsage(`accepts ${min} arg(s), received ${count}`);
  if (count < min) throw wrongUsage(`requires at least ${min} arg(s), only received ${count}`);
  if (max !== undefined && count > max)
    throw wrongUsage(`accepts at most ${max} arg(s), received ${count}`);
}

/** One line with the causes, and a hint; a stack only for what is nobody's fault but ours. */
function reportError(
  { errors }: DropInProgram,
  { print }: DropInWorld,
  { log, error: thrown }: { readonly log: Logger; readonly error: unknown },
): void {
  const error = hostErrorOf(thrown) ?? thrown;
  const causes: string[] = [messageOf(error)];
  let cause: unknown = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; cause !== undefined && depth < 5; depth++) {
    const message = messageOf(cause);
    // What adds a place or a name to an error has its text already.
    if (!causes.some((text) => text.includes(message))) causes.push(message);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  const hint = error instanceof KilnError && error.hint ? `\n  hint: ${error.hint}` : '';
  const stack = error instanceof KilnError || !(error instanceof Error) ? '' : `\n${error.stack}`;
  const text = withoutControls(`${causes.join(': ')}${hint}${stack}`);
  if (errors === 'log') log.error(text);
  else print.talk(`Error: ${text}\n`);
}
