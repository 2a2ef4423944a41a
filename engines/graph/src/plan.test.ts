import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planBuilds, type Plan } from './plan.ts';
import type { RecipeNode } from './recipe-node.ts';
import { RequirementGraph } from './requirement-graph.ts';
import { anyIndex, anyTree, index, recipe, record } from './testing.ts';

function plan(
  nodes: readonly RecipeNode[],
  ...records: readonly ReturnType<typeof record>[]
): Plan {
  return planBuilds(new RequirementGraph(nodes, { indexes: [index(...records)] }));
}

describe('planBuilds', () => {
  test('puts a recipe after those whose packages it is built with and what these need at run time', () => {
    const { recipes } = plan([
      recipe('app', { build: ['cc'] }),
      recipe('cc', { build: ['sh'], packages: [{ name: 'cc', runtime: ['lib>=1'] }] }),
      recipe('lib', { packages: [{ name: 'lib', runtime: ['data'] }] }),
      recipe('data', { packages: [{ name: 'data', runtime: ['lib'] }] }),
      recipe('sh'),
      recipe('tested', { test: ['app'] }),
    ]);
    expect(recipes.map(({ name, level, needs }) => [name, level, needs])).toEqual([
      ['sh', 0, []],
      ['cc', 1, ['sh']],
      ['data', 0, []],
      ['lib', 0, []],
      ['app', 2, ['cc', 'data', 'lib']],
      ['tested', 0, []],
    ]);
  });

  test('gives the longest chain by durations', () => {
    const nodes = [
      recipe('a'),
      recipe('b'),
      recipe('after-a', { build: ['a'] }),
      recipe('after-b', { build: ['b'] }),
    ];
    const graph = new RequirementGraph(nodes);
    const durationsMs = new Map([
      ['a', 10],
      ['after-a', 10],
      ['b', 50],
      ['after-b', 1],
    ]);
    const { recipes, criticalPath } = planBuilds(graph, { durationsMs });
    expect(recipes.map(({ name, priority }) => [name, priority])).toEqual([
      ['b', 51],
      ['a', 20],
      ['after-a', 10],
      ['after-b', 1],
    ]);
    expect(criticalPath).toEqual(['b', 'after-b']);
  });

  test('shows a cycle as recipe, atom, provider, and what is in between', () => {
    const { components } = plan([
      recipe('cc', { build: ['tools~1'] }),
      recipe('tools', { packages: [{ name: 'tools', runtime: ['make'] }] }),
      recipe('make', { build: ['gcc'], packages: [{ name: 'make' }] }),
      recipe('gcc', { packages: [{ name: 'gcc', runtime: ['cc'] }] }),
    ]);
    expect(components).toEqual([
      {
        recipes: ['cc', 'make'],
        cycles: [
          [
            {
              recipe: 'cc',
              atom: 'tools~1',
              package: 'tools',
              through: [{ atom: 'make', package: 'make' }],
            },
            {
              recipe: 'make',
              atom: 'gcc',
              package: 'gcc',
              through: [{ atom: 'cc', package: 'cc' }],
            },
          ],
        ],
        cuts: [{ recipe: 'cc', atom: 'tools~1', package: 'tools', published: undefined }],
      },
    ]);
  });

  test('cuts where a package is published, rather than where it would break more', () => {
    const nodes = [
      recipe('a', { build: ['hub'] }),
      recipe('b', { build: ['hub'] }),
      recipe('hub', { build: ['a', 'b'] }),
    ];
    const cuts = (...records: readonly ReturnType<typeof record>[]): unknown =>
      plan(nodes, ...records).components[0]?.cuts.map(
        (cut) => `${cut.recipe} -> ${cut.atom}: ${cut.published}`,
      );
    expect(cuts()).toEqual(['a -> hub: undefined', 'b -> hub: undefined']);
    expect(cuts(record('a', '0.5-r0'), record('b', '0.6-r0'))).toEqual([
      'hub -> a: a-0.5-r0',
      'hub -> b: b-0.6-r0',
    ]);
  });

  test('cuts the atom that is in most cycles', () => {
    const { components } = plan([
      recipe('base', { build: ['x', 'y', 'z'] }),
      recipe('x', { build: ['mid'] }),
      recipe('y', { build: ['mid'] }),
      recipe('z', { build: ['mid'] }),
      recipe('mid', { build: ['base'] }),
    ]);
    expect(components[0]?.cuts).toEqual([
      { recipe: 'mid', atom: 'base', package: 'base', published: undefined },
    ]);
  });

  test('a recipe that needs itself is a cycle of its own', () => {
    const go = recipe('go', { build: ['go'] });
    expect(plan([go]).components).toEqual([
      {
        recipes: ['go'],
        cycles: [[{ recipe: 'go', atom: 'go', package: 'go', through: [] }]],
        cuts: [{ recipe: 'go', atom: 'go', package: 'go', published: undefined }],
      },
    ]);
    expect(plan([go], record('go', '0.9-r0')).components).toEqual([]);
  });

  test('packages that need each other are no cycle of builds', () => {
    const { components, recipes } = plan([
      recipe('a', { packages: [{ name: 'a', runtime: ['b'] }] }),
      recipe('b', { packages: [{ name: 'b', runtime: ['a'] }] }),
    ]);
    expect({ components, needs: recipes.map(({ needs }) => needs) }).toEqual({
      components: [],
      needs: [[], []],
    });
  });

  test('what is not to be built is not waited for, but leads on', () => {
    const graph = new RequirementGraph([
      recipe('app', { build: ['cc'] }),
      recipe('cc', { build: ['sh'], packages: [{ name: 'cc', runtime: ['lib'] }] }),
      recipe('lib', { build: ['app'] }),
      recipe('sh'),
    ]);
    const { recipes, components } = planBuilds(graph, { only: new Set(['app', 'sh', 'lib']) });
    expect(components.map((one) => one.recipes)).toEqual([['app', 'lib']]);
    const without = planBuilds(graph, { only: new Set(['app', 'sh']) });
    expect(recipes.map(({ name }) => name).sort()).toEqual(['app', 'lib', 'sh']);
    expect(without.recipes.map(({ name, needs }) => [name, needs])).toEqual([
      ['app', []],
      ['sh', []],
    ]);
  });
});

/** The builds behind each build, by the arcs of the graph alone. */
function waitsFor(graph: RequirementGraph, cuts: ReadonlySet<string>): Map<string, Set<string>> {
  const result = new Map<string, Set<string>>();
  graph.recipes.forEach(({ name }, build) => {
    const builds = new Set<string>();
    const seen = new Set<number>([build]);
    for (const vertex of seen) {
      for (let arc = graph.starts[vertex] ?? 0; arc < (graph.starts[vertex + 1] ?? 0); arc++) {
        const to = graph.targets[arc] ?? 0;
        if (vertex === build && cuts.has(`${name} ${graph.atoms[arc]}`)) continue;
        if (graph.kindOf(to) === 'build') builds.add(graph.recipeAt(to)?.name ?? '');
        else seen.add(to);
      }
    }
    result.set(name, builds);
  });
  return result;
}

function hasCycle(needs: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const done = new Set<string>();
  for (;;) {
    const next = [...needs].find(
      ([name, list]) => !done.has(name) && [...list].every((need) => done.has(need)),
    );
    if (next === undefined) return done.size < needs.size;
    done.add(next[0]);
  }
}

function cutsOf(made: Plan): Set<string> {
  return new Set(
    made.components.flatMap(({ cuts }) => cuts.map(({ recipe: of, atom }) => `${of} ${atom}`)),
  );
}

describe('a plan of any tree', () => {
  const anyPlan = fc.tuple(anyTree, anyIndex).map(([nodes, published]) => {
    const graph = new RequirementGraph(nodes, { indexes: [published] });
    return { nodes, published, graph, made: planBuilds(graph) };
  });

  test('has every recipe once, after everything that it waits for', () => {
    fc.assert(
      fc.property(anyPlan, ({ graph, made, nodes }) => {
        const needs = waitsFor(graph, cutsOf(made));
        const place = new Map(made.recipes.map(({ name }, at) => [name, at]));
        expect(place.size).toBe(nodes.length);
        for (const { name, needs: stated } of made.recipes) {
          expect(stated).toEqual([...(needs.get(name) ?? [])].sort());
          for (const need of stated) expect(place.get(need)).toBeLessThan(place.get(name) ?? 0);
        }
      }),
    );
  });

  test('breaks every cycle, and no cut of it is superfluous', () => {
    fc.assert(
      fc.property(anyPlan, ({ graph, made }) => {
        const cuts = cutsOf(made);
        expect(hasCycle(waitsFor(graph, cuts))).toBe(false);
        for (const cut of cuts)
          expect(hasCycle(waitsFor(graph, new Set([...cuts].filter((one) => one !== cut))))).toBe(
            true,
          );
      }),
    );
  });

  test('cuts what nobody has published only in cycles that have nothing published', () => {
    fc.assert(
      fc.property(anyPlan, ({ graph, made }) => {
        const free = new Set<string>();
        graph.recipes.forEach(({ name, build }) => {
          for (const atom of build)
            if (graph.providers.published(atom) !== undefined) free.add(`${name} ${atom}`);
        });
        const isFree = !hasCycle(waitsFor(graph, free));
        const isBought = made.components.some(({ cuts }) =>
          cuts.some(({ published }) => published === undefined),
        );
        expect(isFree && isBought).toBe(false);
      }),
    );
  });

  test('shows real cycles, one through each recipe of a component at least', () => {
    fc.assert(
      fc.property(anyPlan, ({ graph, made }) => {
        const needs = waitsFor(graph, new Set());
        for (const { recipes, cycles } of made.components) {
          expect(new Set(cycles.flat().map((step) => step.recipe))).toEqual(new Set(recipes));
          for (const cycle of cycles)
            cycle.forEach(({ recipe: of }, at) => {
              const next = cycle[(at + 1) % cycle.length]?.recipe ?? '';
              expect(needs.get(of)).toContain(next);
            });
        }
      }),
    );
  });

  test('has the longest chain as its critical path', () => {
    fc.assert(
      fc.property(anyPlan, fc.array(fc.integer({ min: 1, max: 9 })), ({ graph }, durations) => {
        const durationsMs = new Map(
          graph.recipes.map(({ name }, number) => [name, durations[number] ?? 3]),
        );
        const made = planBuilds(graph, { durationsMs });
        const byName = new Map(made.recipes.map((one) => [one.name, one]));
        const until = (name: string): number =>
          (durationsMs.get(name) ?? 0) +
          Math.max(0, ...(byName.get(name)?.needs ?? []).map((need) => until(need)));
        const longest = Math.max(...made.recipes.map(({ name }) => until(name)));
        const took = made.criticalPath.map((name) => durationsMs.get(name) ?? 0);
        expect(took.reduce((sum, one) => sum + one, 0)).toBe(longest);
        made.criticalPath.slice(1).forEach((name, at) => {
          expect(byName.get(name)?.needs).toContain(made.criticalPath[at]);
        });
      }),
    );
  });

  test('is the same whatever the order of recipes and records', () => {
    fc.assert(
      fc.property(anyPlan, ({ nodes, published, made }) => {
        const turned = { ...published, records: [...published.records].toReversed() };
        const graph = new RequirementGraph(nodes.toReversed(), { indexes: [turned] });
        expect(planBuilds(graph)).toEqual(made);
      }),
    );
  });
});
