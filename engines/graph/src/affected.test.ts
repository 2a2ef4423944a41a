import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { affectedBy, type Affected } from './affected.ts';
import { RequirementGraph } from './requirement-graph.ts';
import { anyTree, recipe } from './testing.ts';

const nodes = [
  recipe('zlib', {
    build: ['sh'],
    packages: [{ name: 'zlib' }, { name: 'zlib-dev', runtime: ['zlib'] }],
  }),
  recipe('sh'),
  recipe('curl', { build: ['zlib-dev'], test: ['curl', 'httpd'] }),
  recipe('apk', { build: ['net'] }),
  recipe('net', { packages: [{ name: 'net', runtime: ['curl'] }] }),
  recipe('doc', { test: ['net'] }),
  recipe('alone', { build: ['sh'] }),
];

describe('affectedBy', () => {
  const graph = new RequirementGraph(nodes);

  test('follows builds, packages at run time, and tests, which lead no further', () => {
    expect(affectedBy(graph, { recipes: ['zlib'] })).toEqual([
      {
        recipe: 'apk',
        kind: 'build',
        distance: 2,
        because: { atom: 'net', package: 'net', recipe: 'net' },
      },
      {
        recipe: 'curl',
        kind: 'build',
        distance: 1,
        because: { atom: 'zlib-dev', package: 'zlib-dev', recipe: 'zlib' },
      },
      {
        recipe: 'doc',
        kind: 'test',
        distance: 2,
        because: { atom: 'net', package: 'net', recipe: 'net' },
      },
      { recipe: 'zlib', kind: 'changed', distance: 0, because: undefined },
    ]);
    expect(affectedBy(graph, { recipes: ['alone', 'unknown'] })).toEqual([
      { recipe: 'alone', kind: 'changed', distance: 0, because: undefined },
    ]);
  });

  test('counts who asks for a name that is not there any more', () => {
    const affected = affectedBy(graph, { recipes: [], formerNames: ['httpd', 'zlib-dev'] });
    expect(affected.map(({ recipe: name, kind, distance }) => [name, kind, distance])).toEqual([
      ['apk', 'build', 2],
      ['curl', 'build', 1],
      ['doc', 'test', 2],
    ]);
    expect(affectedBy(graph, { recipes: [], formerNames: ['httpd'] })).toEqual([
      {
        recipe: 'curl',
        kind: 'test',
        distance: 1,
        because: { atom: 'httpd', package: '', recipe: '' },
      },
    ]);
  });
});

test('in any tree a build is affected if and only if it reaches one that changed', () => {
  fc.assert(
    fc.property(anyTree, fc.uniqueArray(fc.nat(11)), (tree, numbers) => {
      const graph = new RequirementGraph(tree);
      const changed = new Set(numbers.map((number) => `r${number}`));
      const found = affectedBy(graph, { recipes: changed });
      const reaches = (vertex: number): boolean => {
        const seen = new Set([vertex]);
        for (const one of seen)
          for (let arc = graph.starts[one] ?? 0; arc < (graph.starts[one + 1] ?? 0); arc++)
            seen.add(graph.targets[arc] ?? 0);
        return [...seen].some(
          (one) => graph.kindOf(one) === 'build' && changed.has(graph.recipeAt(one)?.name ?? ''),
        );
      };
      const expected = graph.recipes.flatMap(({ name }, build) => {
        if (changed.has(name)) return [[name, 'changed']];
        if (reaches(build)) return [[name, 'build']];
        return reaches(graph.testVertex(build)) ? [[name, 'test']] : [];
      });
      expect(found.map(({ recipe: name, kind }) => [name, kind])).toEqual(expected);
      const rebuilt = found.filter(({ kind }) => kind !== 'test');
      const distances = new Map(rebuilt.map((one) => [one.recipe, one.distance]));
      // A reason is what changed or is built anew at most one build nearer; or a package that only needs, when it runs, what
      // is built anew, whatever becomes of its recipe's tests.
      const isNear = ({ distance, because }: Affected): boolean =>
        because === undefined || (distances.get(because.recipe) ?? distance) >= distance - 1;
      expect(found.filter((one) => !isNear(one))).toEqual([]);
    }),
  );
});

test('a package may be affected later, by what it needs when it runs, than the tests of its recipe', () => {
  const tree = [
    recipe('changed'),
    recipe('first', { build: ['changed'] }),
    recipe('second', { build: ['first'] }),
    recipe('both', {
      test: ['changed'],
      packages: [{ name: 'both', runtime: ['second'] }],
    }),
    recipe('asks', { test: ['both'] }),
  ];
  const found = affectedBy(new RequirementGraph(tree), { recipes: ['changed'] });
  expect(found.map((one) => [one.recipe, one.kind, one.distance, one.because?.package])).toEqual([
    ['asks', 'test', 3, 'both'],
    ['both', 'test', 1, 'changed'],
    ['changed', 'changed', 0, undefined],
    ['first', 'build', 1, 'changed'],
    ['second', 'build', 2, 'first'],
  ]);
});
