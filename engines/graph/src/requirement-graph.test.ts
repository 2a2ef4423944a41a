import { expect, test } from 'vitest';
import { edgesOf } from './edges.ts';
import { RequirementGraph } from './requirement-graph.ts';
import { index, recipe, record } from './testing.ts';

const node = recipe('a', {
  build: ['b', 'c', '!d', 'e>2'],
  test: ['f', 'a'],
  packages: [{ name: 'a', runtime: ['g', 'b', '!h'] }],
});

test('atoms without a provider are open, with who wants them', () => {
  const { open } = new RequirementGraph([node, recipe('b')], {
    indexes: [index(record('e', '1-r0', { depends: ['not-our-affair'] }), record('e', '0.1-r0'))],
  });
  expect(open).toMatchObject([
    { atom: 'c', recipe: 'a', kind: 'build', package: '' },
    { atom: 'e>2', recipe: 'a', kind: 'build', package: '' },
    { atom: 'f', recipe: 'a', kind: 'test', package: '' },
    { atom: 'g', recipe: 'a', kind: 'runtime', package: 'a' },
  ]);
});

test('the edges of an environment name package and recipe', () => {
  const graph = new RequirementGraph([node, recipe('b'), recipe('f')], {
    indexes: [index(record('c', '2-r1'))],
  });
  expect(edgesOf(graph, 'a', 'build')).toEqual([
    { atom: 'b', package: 'b', version: '1.0-r0', recipe: 'b' },
    { atom: 'c', package: 'c', version: '2-r1', recipe: undefined },
  ]);
  expect(edgesOf(graph, 'a', 'test').map(({ recipe: of }) => of)).toEqual(['f', 'a']);
  expect(edgesOf(graph, 'nobody', 'build')).toEqual([]);
});

test('a recipe is published when all its packages are, at its version', () => {
  const two = recipe('a', { packages: [{ name: 'a' }, { name: 'a-doc' }] });
  const isPublished = (...records: readonly ReturnType<typeof record>[]): boolean =>
    new RequirementGraph([two], { indexes: [index(...records)] }).isPublished(two);
  expect(isPublished(record('a', '1.0-r0'), record('a-doc', '1.0-r0'))).toBe(true);
  expect(isPublished(record('a', '1.0-r0'), record('a-doc', '0.9-r0'))).toBe(false);
  expect(isPublished()).toBe(false);
});

test('two recipes of one name are refused, with both files', () => {
  const twin = { ...recipe('a'), file: 'other/a.yaml' };
  expect(() => new RequirementGraph([recipe('a'), recipe('b'), twin])).toThrow(
    expect.objectContaining({
      code: 'GRAPH_RECIPE_TWICE',
      message: 'a.yaml and other/a.yaml are both recipes of "a"',
    }),
  );
});

test.each([
  { limits: { recipesMax: 1 }, what: '1 recipes' },
  { limits: { packagesMax: 2 }, what: '2 packages' },
  { limits: { edgesMax: 3 }, what: '3 atoms' },
])('a tree of more than $what is refused', ({ limits, what }) => {
  const nodes = [node, recipe('b')];
  expect(
    () => new RequirementGraph(nodes, { indexes: [index(record('e', '1-r0'))], limits }),
  ).toThrow(expect.objectContaining({ code: 'GRAPH_TOO_LARGE', message: `more than ${what}` }));
});
