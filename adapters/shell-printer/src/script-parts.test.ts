import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partsOf } from './script-parts.ts';
import { openShellPrinter, printWithProgram } from './shell-printer.ts';
import { WasmShell } from './wasm-printer.ts';

const printer = openShellPrinter();
const shell = new WasmShell();

/** What is printed, or why not. */
function said(print: (script: string) => string, script: string): string {
  try {
    return print(script);
  } catch (error) {
    return String(error);
  }
}

const pieces = [
  [
    'a  b',
    'a',
    '#!/bin/sh',
    '# comment',
    'x="a',
    'b"',
    "'",
    '`a`',
    'cat <<E',
    'cat <<-E',
    'E',
    '\tE',
  ],
  ['if a', 'then b', 'then', 'else', 'elif c', 'fi', 'for x in 1', 'for x', 'in 1', 'do', 'done'],
  [
    'case x in',
    'case x',
    'a) b;;',
    'esac',
    'f() {',
    'f()',
    'function f',
    '{',
    '}',
    '(',
    ')',
    'x=(',
  ],
  ['a &&', 'a |', '&& b', 'a \\', 'a &', ';', '!', 'time', 'coproc', 'let', 'export', '[[ a &&'],
  ['b ]]', '$((', '1 ))', '  a', '\tb', '  ', 'echo $(', 'a; b', 'a # c', '#', '# fi'],
].flat();

test('a script is printed as the program prints it whole', () => {
  const scripts = fc
    .array(fc.tuple(fc.constantFrom(...pieces), fc.constantFrom('\n', '\n\n', '\n \n', '\n\n\n')), {
      minLength: 2,
      maxLength: 8,
    })
    .map((chosen) => chosen.flat().join(''));
  fc.assert(
    fc.property(scripts, (script) => {
      expect(said((text) => printer.print(text), script)).toBe(
        said((text) => printWithProgram(shell, text), script),
      );
    }),
    { numRuns: 500 },
  );
});

test('parts begin behind blank lines, at the margin, with something that can begin', () => {
  expect(partsOf('a\n\nb\n\n  c\n\n# d\nfi\n \ne\n')).toEqual([
    'a\n',
    'b\n\n  c\n\n# d\nfi\n',
    'e\n',
  ]);
  expect(partsOf('a\n\n#!b\n')).toEqual(['a\n\n#!b\n']);
});
