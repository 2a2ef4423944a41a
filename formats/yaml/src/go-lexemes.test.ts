import { describe, expect, test } from 'vitest';
import { plainValue } from './decode.ts';
import { parseYaml } from './parse.ts';

const read = (text: string): unknown => plainValue(parseYaml(text, { file: 'a', form: 'go' }));

// What Go's yaml.v3 made of the same texts.
describe('lines left of the key', () => {
  test.each([
    ['a:\n  b: [\n    c,\n    d\n]\ne: f\n', { a: { b: ['c', 'd'] }, e: 'f' }],
    ['a:\n  b: [\nc,\n d\n]\n  e: f\n', { a: { b: ['c', 'd'], e: 'f' } }],
    ['a:\n  - {b: c,\nd: e}\n  - {\nf: g\n}\n', { a: [{ b: 'c', d: 'e' }, { f: 'g' }] }],
    ['a: [b, {c: [\n]}\n]\n', { a: ['b', { c: [] }] }],
    ['a:\n- [\nb]\n', { a: [['b']] }],
    ['a: [b, "c"\n]\n', { a: ['b', 'c'] }],
    ['a:\n  b: "c\nd"\n  e: f\n', { a: { b: 'c d', e: 'f' } }],
    ["a:\n- b\n- 'c\nd'\n- e\n", { a: ['b', 'c d', 'e'] }],
  ])('%j', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  test.each([
    'a: [\n---\n]\n',
    'a: "b\n---\nc"\n',
    'a: [b\nc: d\n',
    'a: [b]\n]\n',
    "a: 'b\nc: d\n",
  ])('what is not closed is refused: %j', (text) => {
    expect(() => read(text)).toThrow(/^a:\d+:\d+: /);
  });
});

describe('tabs', () => {
  test.each([
    ['a:\tb\nc: \t"d"\t# e\n', { a: 'b', c: 'd' }],
    ['---\t# a\nb:\t\n  - c\n', { b: ['c'] }],
    ['a: [\n\t\tb,\n\t\t"c"\n\t]\n', { a: ['b', 'c'] }],
    ['a: b\n \t\nc: d\n', { a: 'b', c: 'd' }],
    ['a:\n  - b\n   \t\n  - c\n', { a: ['b', 'c'] }],
    ['a: "b\n\tc"\n', { a: 'b c' }],
    ['a: |\n  \tb\nc: d\n', { a: '\tb\n', c: 'd' }],
  ])('%j', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  test.each([
    ['\t\na: b\n', 1, 1],
    ['a:\n  - b\n\t\n', 3, 1],
    ['a: "b"\n\t# c\n', 2, 1],
    ['a: b # c\n \t\nd: e\n', 2, 2],
    ['a:\n  -\tb\n', 2, 4],
    ['a:\n  - b\n  \t\n', 3, 3],
    ['a: [b\n\t]\n', 2, 1],
  ])('%j', (text, line, column) => {
    expect(() => read(text)).toThrow(`a:${line}:${column}: a tab where a key could begin`);
  });
});

test('what follows the first document may have tabs', () => {
  for (const text of ['a: b\n---\n\tc\n', '# c\n---\na: b\n...\n\tc\n'])
    expect(
      plainValue(parseYaml(text, { file: 'a', form: 'go', furtherDocuments: 'ignore' })),
    ).toEqual({ a: 'b' });
  expect(() => read('%YAML 1.1\n# c\n---\n\ta: b\n')).toThrow('a tab');
});

test('a document may be of YAML 1.1, and of no other version', () => {
  expect(read('%YAML 1.1\n---\na: b\n')).toEqual({ a: 'b' });
  for (const version of ['1.2', '2.0'])
    expect(() => read(`# c\n%YAML ${version}\n---\na: b\n`)).toThrow(`of YAML ${version}`);
});

test('a lone CR, and NEL, ends a line', () => {
  expect(read('a: b\rc: "d\u0085e"\r\nf: |\n  g\r  h\n')).toEqual({
    a: 'b',
    c: 'd e',
    f: 'g\nh\n',
  });
});
