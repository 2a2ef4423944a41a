import { KilnError, assert, messageOf, shorten } from '@kiln/base';
import { nearestWord } from '@kiln/yaml/nearest';
import type { Flag, FlagTable, FlagValue } from './flag.ts';
import { defaultOf } from './flag.ts';
import { readFlag } from './flag-text.ts';

/** The flags of a command line that was read; asking for a flag that is not declared so is a programmer's mistake. */
export interface Flags {
  bool(name: string): boolean;
  string(name: string): string;
  list(name: string): readonly string[];
  integer(name: string): number;
  /** Milliseconds, perhaps with a fraction. */
  durationMs(name: string): number;
  /** Whether it was given, even with the default's value. */
  given(name: string): boolean;
}

export interface ParsedWords {
  readonly flags: Flags;
  /** The words that are no flags, and all behind `--`. */
  readonly positionals: readonly string[];
  /** `--help` or `-h` was among them. */
  readonly help: boolean;
}

const helpFlag: Flag = { type: 'bool', shorthand: 'h', help: 'show this text' };

/** `table` with `--help`, which every command has. */
export function withHelp(table: FlagTable): FlagTable {
  return { ...table, help: helpFlag };
}

/**
 * Reads words as melange's users know it from pflag: `--flag value`, `--flag=value`, `-f value`, `-fvalue`, `-f=value`,
 * letters without a value together (`-ik key`), `--bool` and `--bool=false`, flags between positionals, `--` before
 * what is never a flag. The value behind a flag may begin with a dash. Throws `USAGE`.
 */
export function parseWords(table: FlagTable, words: readonly string[]): ParsedWords {
  const reader = new WordReader(withHelp(table), words);
  const positionals = reader.read();
  const { values } = reader;
  return {
    flags: flagsOf(withHelp(table), values),
    positionals,
    help: values.get('help') === true,
  };
}

/** Throws `USAGE` for required flags that are not there. */
export function requireFlags(table: FlagTable, flags: Flags): void {
  const missing = Object.entries(table)
    .filter(([name, flag]) => flag.required === true && !flags.given(name))
    .map(([name]) => `"${name}"`);
  if (missing.length > 0) throw wrongUsage(`required flag(s) ${missing.join(', ')} not set`);
}

/** A wrong command line: `USAGE`. */
export function wrongUsage(message: string, hint?: string): KilnError {
  return new KilnError('USAGE', message, { hint });
}

/** Whether the flag behind a word, given without `=`, takes the next word; unknown flags do. */
export function takesNext(table: FlagTable, word: string): boolean {
  const name = word.startsWith('--') ? word.slice(2) : nameOfLetter(table, word.slice(1));
  return name === undefined || table[name]?.type !== 'bool';
}

function nameOfLetter(table: FlagTable, letter: string): string | undefined {
  return Object.entries(table).find(([, flag]) => flag.shorthand === letter)?.[0];
}

class WordReader {
  readonly values: Map<string, FlagValue> = new Map();
  readonly #table: FlagTable;
  readonly #words: readonly string[];
  #at = 0;

  constructor(table: FlagTable, words: readonly string[]) {
    this.#table = table;
    this.#words = words;
  }

  /** Fills `values` and returns the positionals. */
  read(): string[] {
    const positionals: string[] = [];
    for (let word = this.#next(); word !== undefined; word = this.#next()) {
      if (word === '--') return [...positionals, ...this.#words.slice(this.#at)];
      if (word.startsWith('--')) this.#long(word);
      else if (word.startsWith('-') && word !== '-') this.#letters(word);
      else positionals.push(word);
    }
    return positionals;
  }

  #next(): string | undefined {
    const word = this.#words[this.#at];
    if (word !== undefined) this.#at += 1;
    return word;
  }

  #long(word: string): void {
    if (/^--[-=]/.test(word)) throw wrongUsage(`bad flag syntax: ${shorten(word)}`);
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const flag = Object.hasOwn(this.#table, name) ? this.#table[name] : undefined;
    if (flag === undefined) throw this.#unknown(name);
    if (equals >= 0) this.#set(name, flag, word.slice(equals + 1));
    else if (flag.type === 'bool') this.#set(name, flag, 'true');
    else this.#set(name, flag, this.#valueFor(`--${name}`));
  }

  #letters(word: string): void {
    for (let letters = word.slice(1); letters !== '';) {
      const letter = String.fromCodePoint(letters.codePointAt(0) ?? 0);
      const rest = letters.slice(letter.length);
      const name = nameOfLetter(this.#table, letter);
      const flag = name === undefined ? undefined : this.#table[name];
      const shown = `'${shorten(letter)}' in -${shorten(letters)}`;
      if (name === undefined || flag === undefined)
        throw wrongUsage(`unknown shorthand flag: ${shown}`);
      letters = '';
      // A lone `=` behind the letter is the value itself.
      if (rest.length > 1 && rest.startsWith('=')) this.#set(name, flag, rest.slice(1));
      else if (flag.type === 'bool') {
        this.#set(name, flag, 'true');
        letters = rest;
      } else this.#set(name, flag, rest || this.#valueFor(shown));
    }
  }

  #valueFor(what: string): string {
    const value = this.#next();
    if (value === undefined) throw wrongUsage(`flag needs an argument: ${what}`);
    return value;
  }

  #set(name: string, flag: Flag, text: string): void {
    try {
      this.values.set(name, readFlag(flag, text, this.values.get(name)));
    } catch (error) {
      const shown = `${flag.shorthand === undefined ? '' : `-${flag.shorthand}, `}--${name}`;
      throw wrongUsage(
        `invalid argument "${shorten(text)}" for "${shown}" flag: ${messageOf(error)}`,
      );
    }
  }

  #unknown(name: string): KilnError {
    const known = Object.entries(this.#table).filter(([, flag]) => flag.hidden !== true);
    const nearest = nearestWord(
      name,
      known.map(([one]) => one),
    );
    return wrongUsage(
      `unknown flag: --${shorten(name)}`,
      nearest === undefined ? undefined : `did you mean --${nearest}?`,
    );
  }
}

function flagsOf(table: FlagTable, values: ReadonlyMap<string, FlagValue>): Flags {
  const valueOf = (name: string, ...types: readonly Flag['type'][]): FlagValue => {
    const flag = table[name];
    assert(flag !== undefined && types.includes(flag.type), `flag --${name} is no ${types[0]}`);
    return values.get(name) ?? defaultOf(flag);
  };
  return {
    bool: (name) => valueOf(name, 'bool') === true,
    string: (name) => String(valueOf(name, 'string')),
    list: (name) => {
      const value = valueOf(name, 'strings', 'stringArray');
      return Array.isArray(value) ? value : [];
    },
    integer: (name) => Number(valueOf(name, 'int')),
    durationMs: (name) => Number(valueOf(name, 'duration')),
    given: (name) => values.has(name),
  };
}
