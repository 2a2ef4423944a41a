import { expect, test } from 'vitest';
import { openShellPrinter } from './shell-printer.ts';

const printer = openShellPrinter();
const limit = 128 * 1024;

const nested = (open: string, inside: string, close: string): string =>
  open.repeat(5000) + inside + close.repeat(5000);

test.each([
  ['subshells', nested('(', ':', ')')],
  ['substitutions', nested('$(', ':', ')')],
  ['quoted substitutions', nested('"$(', 'a', ')"')],
  ['groups', nested('{ ', ':; ', '}; ')],
  ['conditions', nested('if a; then ', 'b', '; fi')],
  ['arithmetic', `x=$((${nested('(', '1', ')')}))`],
  ['tests', `[[ ${nested('( ', 'a', ' )')} ]]`],
  ['a long pipeline', `${'a  | '.repeat(20_000)}b`],
  ['a long list', `${'a  && '.repeat(20_000)}b`],
  ['comments', '# x\n'.repeat(20_000)],
])('%s beyond its room are refused, and the next script is printed', (_what, script) => {
  expect(() => printer.print(script)).toThrow(/nests too deeply/);
  expect(printer.print('echo  a')).toBe('echo a\n');
});

test.each([
  ['too long', 'x'.repeat(limit + 1), /longer than 128 KiB/],
  ['too long in bytes', 'é'.repeat(limit / 2 + 1), /longer than 128 KiB/],
  ['a NUL', 'a\0b', /NUL/],
])('%s is refused', (_what, script, message) => {
  expect(() => printer.print(script)).toThrow(message);
});

test('a script of the greatest length is printed', () => {
  const script = `echo ${'x'.repeat(limit - 6)}\n`;
  expect(printer.print(script)).toBe(script);
});

test('characters that are no text become the replacement character', () => {
  expect(printer.print('echo \ud800')).toBe('echo \ufffd\n');
});
