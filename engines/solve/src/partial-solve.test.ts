import { emptyRecord } from '@kiln/apk';
import { expect, test } from 'vitest';
import { partialSolve, prepareIndexes, solve } from './index.ts';

const record = (name: string, ...depends: readonly string[]): typeof emptyRecord => ({
  ...emptyRecord,
  name,
  version: '1-r0',
  depends,
});

const indexes = prepareIndexes([
  {
    repository: 'r',
    tag: '',
    records: [record('a', 'lib'), record('b', 'lib', 'nowhere'), record('c', '!a'), record('lib')],
  },
]);

const partOf = (...world: readonly string[]): readonly string[] =>
  partialSolve(indexes, world).map((one) => one.record.name);

test('a world that cannot be is had without the entries that cannot', () => {
  expect(solve(indexes, ['a', 'b', 'nothing']).kind).toBe('unsolved');
  expect(partOf('b', 'a', 'nothing')).toEqual(['lib', 'a']);
  expect(partOf('b', 'nothing')).toEqual([]);
});

test('of two that exclude each other the first is taken', () => {
  expect(partOf('a', 'c')).toEqual(['lib', 'a']);
  expect(partOf('c', 'a')).toEqual(['c']);
});

test('what is refused stays refused', () => {
  expect(partOf('a', 'c', '!lib')).toEqual(['c']);
});

test('of a world that can be it is the solution', () => {
  expect(solve(indexes, ['a'])).toEqual({ kind: 'solved', packages: partialSolve(indexes, ['a']) });
});
