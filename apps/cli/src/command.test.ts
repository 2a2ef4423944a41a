import { expect, test } from 'vitest';
import type { Command } from './command.ts';
import { parseInvocation } from './command.ts';
import { readConfig } from './config.ts';

const command: Command = {
  name: 'pack',
  summary: 'Pack.',
  usage: 'pack FILE',
  examples: [],
  options: { json: { type: 'boolean', help: 'print JSON' } },
  wordsMax: 1,
  run: async () => 0,
};
const nothing = (): void => undefined;
const parse = (of: Command, ...words: string[]): ReturnType<typeof parseInvocation> =>
  parseInvocation(of, words, readConfig({}), { data: nothing, talk: nothing });

test('a word too many is refused', () => {
  expect(parse(command, 'a').positionals).toEqual(['a']);
  expect(() => parse(command, 'a', '--json', 'b')).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: 'kiln pack does not take the word "b"',
      hint: 'kiln pack --help',
    }),
  );
});

test('what stands behind -- is a word, however it begins', () => {
  expect(parse(command, '--', '--json')).toMatchObject({ positionals: ['--json'], rest: [] });
  expect(() => parse(command, 'a', '--', 'b')).toThrow('does not take the word "b"');
});

test('where a program is started, what stands behind -- is its own', () => {
  const words = parse({ ...command, takesRest: true }, 'a', '--', '--json', 'b');
  expect(words).toMatchObject({ positionals: ['a'], rest: ['--json', 'b'] });
  expect(() => parse({ ...command, takesRest: true }, 'a', 'b')).toThrow('stands behind --');
});
