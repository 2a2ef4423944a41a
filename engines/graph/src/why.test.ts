import { expect, test } from 'vitest';
import { RequirementGraph } from './requirement-graph.ts';
import { index, recipe, record } from './testing.ts';
import { whyNeeded } from './why.ts';

const graph = new RequirementGraph(
  [
    recipe('app', { build: ['cc', 'long'], test: ['checker'] }),
    recipe('long', { packages: [{ name: 'long', runtime: ['cc'] }] }),
    recipe('cc', { packages: [{ name: 'cc', runtime: ['so:libz.so.1'] }] }),
    recipe('zlib', {
      build: ['m4'],
      packages: [{ name: 'zlib', provides: ['so:libz.so.1=1'] }, { name: 'zlib-dev' }],
    }),
    recipe('checker'),
  ],
  { indexes: [index(record('m4', '1-r0'))] },
);

test('the shortest way is shown, atom by atom', () => {
  expect(whyNeeded(graph, 'app', 'm4')).toEqual([
    { atom: '', kind: 'build', name: 'app', recipe: 'app' },
    { atom: 'cc', kind: 'package', name: 'cc', recipe: 'cc' },
    { atom: 'so:libz.so.1', kind: 'package', name: 'zlib', recipe: 'zlib' },
    { atom: '', kind: 'build', name: 'zlib', recipe: 'zlib' },
    { atom: 'm4', kind: 'package', name: 'm4', recipe: '' },
  ]);
});

test('a way leads to a recipe, a package or a provided name, from a recipe or a package of one', () => {
  const names = (from: string, to: string): unknown =>
    whyNeeded(graph, from, to)?.map(({ name }) => name);
  expect(names('app', 'so:libz.so.1')).toEqual(['app', 'cc', 'zlib']);
  expect(names('zlib-dev', 'm4')).toEqual(['zlib', 'm4']);
  expect(names('app', 'nothing')).toBeUndefined();
  expect(names('nobody', 'm4')).toBeUndefined();
});

test('tests are a way where the build is none', () => {
  expect(whyNeeded(graph, 'app', 'checker')?.map(({ kind, name }) => [kind, name])).toEqual([
    ['test', 'app'],
    ['package', 'checker'],
  ]);
});
