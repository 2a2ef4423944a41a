import { expect, test } from 'vitest';
import { openShellPrinter } from './shell-printer.ts';

const printer = openShellPrinter();

test.each([
  ['comments go', 'echo a # why\n# alone\necho b', 'echo a\necho b\n'],
  ['blank lines between statements go', 'a\n\n\nb\n', 'a\nb\n'],
  ['a first line with #! stays', '#!/bin/bash\n# c\na', '#!/bin/bash\na\n'],
  ['one without a line behind it is a comment', '#!/bin/bash', ''],
  ['nothing is nothing', '', ''],
  ['comments alone are nothing', '# a\n', ''],
  ['redirections stand close', 'echo  "x"  > f', 'echo "x" >f\n'],
  ['blocks are indented by tabs', 'if a; then\n  b\nfi', 'if a; then\n\tb\nfi\n'],
  ['here-documents stay', 'cat <<EOF\n  a\n\n  b\nEOF\nc', 'cat <<EOF\n  a\n\n  b\nEOF\nc\n'],
  ['offsets are bytes', 'echo "é😀"\necho ü', 'echo "é😀"\necho ü\n'],
  [
    'bash is accepted',
    'a=(1 2)\n[[ $x =~ y ]] && diff <(a) <(b)',
    'a=(1 2)\n[[ $x =~ y ]] && diff <(a) <(b)\n',
  ],
])('%s', (_what, script, printed) => {
  expect(printer.print(script)).toBe(printed);
  expect(printer.print(printed)).toBe(printed);
});

test('many scripts are printed by instances that are renewed', () => {
  for (let number = 0; number < 250; number++)
    expect(printer.print(`echo  ${number}`)).toBe(`echo ${number}\n`);
});

test.each([
  ['if a; then', /line 1 of the script: .*"if a; then"/],
  ['a\nb )\n', /line 2 of the script: .*: "b \)"/],
  ['a\0b', /NUL/],
  ['x'.repeat(1024 * 1024 + 1), /longer than 1 MiB/],
])('%j is refused', (script, message) => {
  expect(() => printer.print(script)).toThrow(message);
});
