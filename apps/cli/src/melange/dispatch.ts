import type { Clock, Logger } from '@kiln/base';
import { KilnError, messageOf, shorten } from '@kiln/base';
import { nearestWord } from '@kiln/yaml/nearest';
import type { Output } from '../command.ts';
import type { FlagTable } from './flag.ts';
import type { Flags } from './flags.ts';
import { parseWords, requireFlags, takesNext, wrongUsage } from './flags.ts';
import { helpOfSubcommand, overview, program } from './help.ts';
import { levelOf, melangeLog } from './log.ts';
import type { Subcommand } from './subcommand.ts';
import { globalFlags } from './subcommand.ts';
import type { SubcommandEntry } from './subcommands.ts';
import { subcommands } from './subcommands.ts';

/** The world of `kiln melange`, which needs no configuration and no factory. */
export interface MelangeWorld {
  readonly print: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Runs the words after `kiln melange`. The exit code is melange's: 0, or 1 whatever went wrong. */
export async function runMelange(words: readonly string[], world: MelangeWorld): Promise<number> {
  const lines = (level: number): Logger =>
    melangeLog(world.print.talk, { level, form: 'lines', clock: world.clock });
  try {
    return await dispatch(words, world);
  } catch (error) {
    reportError(lines(8), error);
    return 1;
  }
}

async function dispatch(words: readonly string[], world: MelangeWorld): Promise<number> {
  const at = commandAt(words);
  const name = at === undefined ? undefined : words[at];
  if (at === undefined || name === undefined) {
    // Without a subcommand there is only help, but wrong flags are still wrong.
    parseWords(globalFlags, words);
    world.print.data(overview(listed()));
    return 0;
  }
  const rest = [...words.slice(0, at), ...words.slice(at + 1)];
  if (name === 'help') return help(rest, world);
  const entry = entryOf(name);
  if (entry === undefined) throw unknownCommand(name);
  return runSubcommand(await entry.load(), rest, world);
}

/** Where the subcommand's name is: the first word that is no flag and no value of one. */
function commandAt(words: readonly string[]): number | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return undefined;
    if (word !== '' && !word.startsWith('-')) return at;
    const alone = word.startsWith('--') || word.length === 2;
    if (alone && !word.includes('=') && takesNext(globalFlags, word)) at += 1;
  }
  return undefined;
}

function listed(): Record<string, SubcommandEntry> {
  return Object.fromEntries(Object.entries(subcommands).filter(([, entry]) => !entry.hidden));
}

function entryOf(name: string): SubcommandEntry | undefined {
  return Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
}

function unknownCommand(name: string): KilnError {
  const nearest = nearestWord(name, Object.keys(listed()));
  return wrongUsage(
    `unknown command "${shorten(name)}" for "${program}"`,
    nearest === undefined ? `${program} --help lists the commands` : `did you mean ${nearest}?`,
  );
}

async function help(words: readonly string[], world: MelangeWorld): Promise<number> {
  const topic = parseWords(globalFlags, words).positionals[0];
  const entry = topic === undefined ? undefined : entryOf(topic);
  if (topic !== undefined && entry === undefined) throw unknownCommand(topic);
  world.print.data(entry === undefined ? overview(listed()) : helpOfSubcommand(await entry.load()));
  return 0;
}

async function runSubcommand(
  subcommand: Subcommand,
  words: readonly string[],
  world: MelangeWorld,
): Promise<number> {
  const table: FlagTable = { ...globalFlags, ...subcommand.flags };
  const parsed = parseWords(table, words);
  const { flags, positionals } = parsed;
  const log = melangeLog(world.print.talk, {
    level: levelOf(flags.string('log-level')) ?? 0,
    form: flags.bool('gcplog') ? 'gcp' : 'lines',
    clock: world.clock,
  });
  if (parsed.help) {
    world.print.data(helpOfSubcommand(subcommand));
    return 0;
  }
  try {
    refuseUnsupported(subcommand);
    checkPositionals(subcommand, positionals.length);
    requireFlags(subcommand.flags, flags);
    reportFlags(table, flags, log);
    const { environment, clock, signal } = world;
    const write = world.print.data;
    await subcommand.run?.({ flags, positionals, log, write, environment, clock, signal });
    return 0;
  } catch (error) {
    reportError(log, error);
    return 1;
  }
}

function refuseUnsupported(subcommand: Subcommand): void {
  if (subcommand.run !== undefined) return;
  throw new KilnError('MELANGE_UNSUPPORTED', `${program} ${subcommand.name} is not supported`, {
    hint: subcommand.unsupported,
  });
}

function checkPositionals({ positionals: { min, max } }: Subcommand, count: number): void {
  if (min === max && count !== min) throw wrongUsage(`accepts ${min} arg(s), received ${count}`);
  if (count < min) throw wrongUsage(`requires at least ${min} arg(s), only received ${count}`);
  if (max !== undefined && count > max)
    throw wrongUsage(`accepts at most ${max} arg(s), received ${count}`);
}

/** Says what has no effect, and refuses what may not be left without effect. */
function reportFlags(table: FlagTable, flags: Flags, log: Logger): void {
  for (const [name, flag] of Object.entries(table)) {
    if (!flags.given(name)) continue;
    if (flag.refused !== undefined)
      throw new KilnError('MELANGE_UNSUPPORTED', `--${name} is not supported`, {
        hint: flag.refused,
      });
    if (flag.deprecated !== undefined)
      log.warn(`flag --${name} has been deprecated, ${flag.deprecated}`);
    else if (flag.unused !== undefined) log.info(`--${name} has no effect: ${flag.unused}`);
  }
}

/** An `ERRO` line with the causes, and a hint; a stack only for what is nobody's fault but ours. */
function reportError(log: Logger, error: unknown): void {
  const causes: string[] = [messageOf(error)];
  let cause: unknown = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; cause !== undefined && depth < 5; depth++) {
    causes.push(messageOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  const hint = error instanceof KilnError && error.hint ? `\n  hint: ${error.hint}` : '';
  const stack = error instanceof KilnError || !(error instanceof Error) ? '' : `\n${error.stack}`;
  log.error(`${causes.join(': ')}${hint}${stack}`);
}
