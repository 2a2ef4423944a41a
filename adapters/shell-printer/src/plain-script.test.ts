import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printPlain } from './plain-script.ts';
import { printWithProgram } from './shell-printer.ts';
import { WasmShell } from './wasm-printer.ts';

const shell = new WasmShell();

/** What the program says; its refusals are undefined. */
function programs(script: string): string | undefined {
  try {
    return printWithProgram(shell, script);
  } catch {
    return undefined;
  }
}

const pieces = [
  ['a', '1', '=', '-x', 'b=c', '%', '@', '~', '*', '?', '[', ']', '{}', '\\;', '\\ ', '\\'],
  ["'", "'x  y'", '"', '"x  $y"', '"${z}"', '"\\$"', '"\\\\"', '$x', '${x}', '$', '${', '}'],
  ['$(a  b)', '`a`', ' ', ' ', ' ', '  ', '\t', '\n', '\n', '\n\n', ' | ', ' && ', ' || '],
  ['|', '&', ';', '(', ')', '#', ' # c', ' >f', ' 2>&1', ' >&2', ' >>f', ' <f', '>', '!', ' ! '],
  [" <<'E'\n", "x <<'E'\n$( \n\nE\n", '\nE\n', 'if', 'then', 'fi', 'for', 'in', 'do', 'done'],
  ['case', 'esac', 'time', 'let', 'export', 'function', '[[', ']]'],
].flat();

const script = fc
  .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 14 })
  .map((chosen) => chosen.join(''));

const plainScript = fc
  .array(
    fc
      .tuple(
        fc.array(fc.constantFrom('a', '-x', "'x  y'", '"x  $y"', '$x', '{}', '\\;', 'b=c', ']'), {
          minLength: 1,
        }),
        fc.constantFrom(
          '',
          '',
          ' | b',
          ' && [ -f c ]',
          ' >f',
          ' 2>&1',
          " <<'E'\n  $(\n\nE",
          '\n',
          '\n# c',
        ),
      )
      .map(([words, rest]) => words.join(' ') + rest),
    { minLength: 1 },
  )
  .map((lines) => lines.join('\n'));

describe('a plain script', () => {
  test.each([['any pieces', script] as const, ['plain lines', plainScript] as const])(
    'is printed as the program prints it: %s',
    (_what, scripts) => {
      const differs = (text: string): boolean =>
        ![undefined, programs(text)].includes(printPlain(text));
      fc.assert(
        fc.property(scripts, (text) => {
          expect(differs(text)).toBe(false);
        }),
        { numRuns: 1500 },
      );
    },
  );

  test.each([
    ['a \'b  c\' | d "$e" && [ -f x ] 2>&1\n', 'a \'b  c\' | d "$e" && [ -f x ] 2>&1\n'],
    ['#!/bin/sh\n# comment\n\na\n\n\nb', '#!/bin/sh\na\nb\n'],
    ["cat <<'EOF'\nx  y\n\nEOF\n", "cat <<'EOF'\nx  y\n\nEOF\n"],
  ])('needs no program: %j', (text, printed) => {
    expect(printPlain(text)).toBe(printed);
    expect(programs(text)).toBe(printed);
  });

  test.each([
    'a  b',
    'if a',
    'echo é',
    'a >b c',
    'a;b',
    '$(a)',
    "cat <<'EOF'\nx\n",
    '',
    '# only\n',
    'a \\\n b',
  ])('is not: %j', (text) => {
    expect(printPlain(text)).toBeUndefined();
  });
});

test('a long line that does not end well is given up at once', () => {
  expect(printPlain(`${'$a"$b"${c}\\;'.repeat(8000)}(`)).toBeUndefined();
});
