import { readFileSync } from 'node:fs';
import { KilnError } from '@kiln/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openShellPrinter } from './shell-printer.ts';

const printer = openShellPrinter();

interface Golden {
  readonly script: string;
  readonly printed?: string;
  readonly error?: string;
}

const goldens = readFileSync(new URL('../testdata/printed.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Golden);
const printed = goldens.flatMap((one) => (one.printed === undefined ? [] : [one.printed]));

function refusalOf(script: string): KilnError {
  try {
    printer.print(script);
  } catch (error) {
    if (error instanceof KilnError) return error;
    throw error;
  }
  throw new Error('it was printed');
}

describe('what mvdan/sh made of scripts', () => {
  test.each(goldens.filter((one) => one.printed !== undefined))('$script', (golden) => {
    expect(printer.print(golden.script)).toBe(golden.printed);
  });

  test.each(goldens.filter((one) => one.error !== undefined))('$script fails', (golden) => {
    const { details } = refusalOf(golden.script);
    expect(`${details['line']}:${details['column']}: ${details['reason']}`).toBe(golden.error);
  });
});

test('what was printed is printed as it is, alone and in a row', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...printed), { maxLength: 6 }), (scripts) => {
      // A first line with #! inside is a comment, and goes.
      const whole = scripts.map((script) => script.replace(/^#!.*\n/, '')).join('');
      expect(printer.print(whole)).toBe(whole);
    }),
  );
});

test('offsets are bytes', () => {
  expect(printer.print('echo "é😀"\n\necho ü')).toBe('echo "é😀"\necho ü\n');
});

test('scripts that use up the memory of an instance are printed by the next one', () => {
  for (let number = 0; number < 24; number++) {
    const lines = Array.from({ length: 4000 }, (_, line) => `echo  ${number}  "${line}"`);
    const shown = lines.map((line) => `${line.replaceAll('  ', ' ')}\n`).join('');
    expect(printer.print(lines.join('\n'))).toBe(shown);
  }
});

test('a syntax error names the line, the column and the text', () => {
  expect(refusalOf('a\n  b )\n').message).toBe(
    'line 2, column 5 of the script: ' +
      'a command can only contain words and redirects; encountered `)`: "b )"',
  );
});

test('nothing is left in the global object, and nothing is taken from it', () => {
  printer.print('a');
  expect(Object.keys(globalThis)).not.toContain('Go');
});
