import { describe, expect, test } from 'vitest';
import { parseImageConfig, worldEntryProblem } from './index.ts';

describe('an entry of a world', () => {
  test.each([
    'good',
    '!good',
    'good@edge',
    'good=1.0-r0',
    'good==1',
    'good>=1_rc1@edge',
    'good~1.0',
    'good=~1',
    'good~=1',
    'good<2',
    'good=1~abcdef-r0',
    'so:libc.so.6',
    'cmd:sh',
    '/bin/sh',
    'g++',
  ])('may be %s', (text) => {
    expect(worldEntryProblem(text)).toBeUndefined();
  });

  test.each(['>>', '<<', '=>', '=<', '><', '<>', '<~', '===', '>=='])(
    'may not compare by %s',
    (operator) => {
      expect(worldEntryProblem(`good${operator}1`)).toEqual({
        message: `"${operator}" in "good${operator}1" is no comparison of versions`,
        hint: 'write one of =, <, <=, >, >= and ~',
      });
    },
  );

  test.each(['', '!', '!!a', 'good >=1', 'good>=', '>=1', 'good@', 'good@a@b', 'a>=1<2', 'a\nb'])(
    'has a name and a version: %j',
    (text) => {
      expect(worldEntryProblem(text)?.message).toMatch(/ names no package$/);
    },
  );
});

test('a configuration is refused at the entry, in dialect kiln alone', () => {
  const text = 'contents:\n  packages:\n    - good\n    - good>>1\n';
  expect(() => parseImageConfig(text, 'image.yaml')).toThrow(
    expect.objectContaining({
      code: 'IMAGE_CONFIG_INVALID',
      message: 'image.yaml:4:7: ">>" in "good>>1" is no comparison of versions',
    }),
  );
  expect(parseImageConfig(text, 'image.yaml', 'apko').contents.packages).toContain('good>>1');
});
