import type { GitCheckout } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { depthOf, isRefName, selectorsOf } from './demand.ts';

const checkout = (changes: Partial<GitCheckout>): GitCheckout => ({
  repository: 'https://example.org/a',
  branch: undefined,
  tag: undefined,
  commit: 'a'.repeat(40),
  mustBeTip: false,
  depth: 1,
  submodules: false,
  cherryPicks: [],
  ...changes,
});

test('names are looked up as git does', () => {
  const picks = [
    { branch: 'pull/1/head', commit: 'b' },
    { branch: undefined, commit: 'c' },
  ];
  const demand = {
    checkouts: [
      checkout({ tag: 'v1', cherryPicks: picks }),
      checkout({ branch: 'v1' }),
      checkout({}),
    ],
    commits: [],
  };
  expect(selectorsOf(demand)).toEqual([
    { key: 'HEAD', candidates: ['HEAD'] },
    { key: 'branch:v1', candidates: ['refs/heads/v1', 'refs/tags/v1'] },
    {
      key: 'pick:pull/1/head',
      candidates: ['refs/pull/1/head', 'refs/tags/pull/1/head', 'refs/heads/pull/1/head'],
    },
    { key: 'tag:v1', candidates: ['refs/tags/v1'] },
  ]);
});

test('the deepest history that somebody wants is fetched', () => {
  const depth = (...checkouts: readonly GitCheckout[]): number | undefined =>
    depthOf({ checkouts, commits: ['c'] });
  expect(depth()).toBe(1);
  expect(depth(checkout({ depth: 3 }), checkout({ depth: 20 }))).toBe(20);
  expect(depth(checkout({ depth: 3 }), checkout({ depth: undefined }))).toBe(undefined);
  expect(depth(checkout({ cherryPicks: [{ branch: 'main', commit: 'b' }] }))).toBe(undefined);
  expect(depth(checkout({ cherryPicks: [{ branch: undefined, commit: 'b' }] }))).toBe(1);
});

test.each(['main', 'refs/heads/a/b', 'v1.0', 'ü', 'a-b'])('%s is a name', (name) => {
  expect(isRefName(name)).toBe(true);
});

test.each([
  '',
  '@',
  '-x',
  'a b',
  'a..b',
  'a~1',
  'a^',
  'a:b',
  'a?',
  'a*',
  'a[',
  'a\\b',
  'a@{1}',
  '/a',
  'a/',
  'a//b',
  '.a',
  'a/.b',
  'a.lock',
  'a.lock/b',
  'a.',
  'a\u0000b',
  'a\nb',
])('%j is none', (name) => {
  expect(isRefName(name)).toBe(false);
});
