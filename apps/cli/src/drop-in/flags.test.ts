import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { KilnError } from '@kiln/base';
import type { FlagTable } from './flag.ts';
import type { Flags } from './flags.ts';
import { parseWords } from './flags.ts';

/** The command that the vectors were made with. */
const table: FlagTable = {
  level: { type: 'string', default: 'INFO', help: 'level' },
  debug: { type: 'bool', shorthand: 'd', help: 'debug' },
  rm: { type: 'bool', default: true, help: 'rm' },
  out: { type: 'string', shorthand: 'o', help: 'out' },
  file: { type: 'string', shorthand: 'f', default: 'x.yaml', help: 'file' },
  arch: { type: 'strings', shorthand: 'a', help: 'arch' },
  lint: { type: 'strings', default: ['one', 'two'], help: 'lint' },
  array: { type: 'stringArray', help: 'array' },
  size: { type: 'int', default: 4096, help: 'size' },
  timeout: { type: 'duration', shorthand: 't', help: 'timeout' },
};

interface Vector {
  readonly words: readonly string[];
  readonly args?: readonly string[];
  readonly values?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

const vectors = fs
  .readFileSync(new URL('../../testdata/pflag.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

function valuesOf(flags: Flags): Record<string, unknown> {
  return {
    arch: flags.list('arch'),
    array: flags.list('array'),
    debug: flags.bool('debug'),
    file: flags.string('file'),
    level: flags.string('level'),
    lint: flags.list('lint'),
    out: flags.string('out'),
    rm: flags.bool('rm'),
    size: flags.integer('size'),
    // The vectors hold whole milliseconds, cut.
    timeout: Math.trunc(flags.durationMs('timeout')),
  };
}

function parse(words: readonly string[]): Vector {
  try {
    const { flags, positionals, help } = parseWords(table, words);
    if (help) return { words, error: '(help)' };
    return { words, args: positionals, values: valuesOf(flags) };
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'USAGE') throw error;
    return { words, error: error.message };
  }
}

/** Why a value is wrong is said in our own words, and with an error nothing else counts. */
function inOurWords(vector: Vector): Vector {
  const { words, error } = vector;
  if (error === undefined) return vector;
  const reason = /^(invalid argument ).*?( for "\S* ?--[a-z]+" flag): .*/s;
  return { words, error: error.replace(reason, '$1…$2') };
}

describe('words are read as pflag reads them', () => {
  test('there are vectors', () => {
    expect(vectors.length).toBeGreaterThan(80);
  });

  test.each(vectors)('$words', (vector) => {
    expect(inOurWords(parse(vector.words))).toEqual(inOurWords({ args: [], ...vector }));
  });
});

test.each([
  ['9223372036854775807', Number.MAX_SAFE_INTEGER],
  ['-0x7fff_ffff_ffff_ffff', -Number.MAX_SAFE_INTEGER],
  ['9007199254740990', 9_007_199_254_740_990],
])('%s is as much as can be said', (text, size) => {
  expect(parse([`--size=${text}`]).values).toMatchObject({ size });
  expect(parse([`--size=${text}0000`]).error).toContain('out of range');
});

describe('what a person gets to read', () => {
  const message = (words: readonly string[]): string => {
    try {
      parseWords(table, words);
    } catch (error) {
      if (error instanceof KilnError) return `${error.message}; ${error.hint ?? 'no hint'}`;
    }
    return 'nothing';
  };

  test('the nearest flag is named', () => {
    expect(message(['--tiemout', '3m'])).toBe('unknown flag: --tiemout; did you mean --timeout?');
    expect(message(['--zzzzzzzz'])).toBe('unknown flag: --zzzzzzzz; no hint');
  });

  test('words that are property names of objects are unknown flags', () => {
    expect(message(['--constructor'])).toMatch(/^unknown flag: --constructor/);
    expect(message(['--__proto__=x'])).toMatch(/^unknown flag: --__proto__/);
  });

  test('the reason for a wrong value is said', () => {
    expect(message(['--size', '1e3'])).toContain('flag: not a whole number');
    expect(message(['--timeout', '5'])).toContain('flag: a duration without a unit');
    expect(message(['--arch', 'a"b'])).toContain('a quote in a field that does not begin with one');
  });
});

test('given tells the default from the same value given', () => {
  expect(parseWords(table, []).flags.given('file')).toBe(false);
  expect(parseWords(table, ['-f', 'x.yaml']).flags.given('file')).toBe(true);
});
