import { expect, test } from 'vitest';
import { parseEnvFile } from './env-file.ts';

test('reads keys, quotes, comments and exports', () => {
  const text = [
    '# comment',
    'A=one two # not this',
    "B='$A # literal'",
    'C="x\\ny $A"',
    'export D=${A}!',
    'E: yes',
    'F=',
    'G=a#b',
    'H="two',
    'lines"',
    'I=\\$A',
    'A.B=dotted',
    "J='it\\'s'",
    'K=$a ${A:-x} $',
  ].join('\n');
  expect(parseEnvFile(text, 'f.env')).toEqual({
    A: 'one two',
    B: '$A # literal',
    C: 'x\ny one two',
    D: 'one two!',
    E: 'yes',
    F: '',
    G: 'a#b',
    H: 'two\nlines',
    I: '$A',
    'A.B': 'dotted',
    J: "it\\'s",
    K: '$a one two:-x} $',
  });
});

test.each([
  ['A=1\nnothing here', /f\.env:2:1: no variable: "nothing here"/],
  ['\ufeffA=1', /f\.env:1:1: no variable/],
  ['A="open', /f\.env:1:3: a value without its closing quote/],
  ["A='open", /closing quote/],
])('%j is refused', (text, message) => {
  expect(() => parseEnvFile(text, 'f.env')).toThrow(message);
});
