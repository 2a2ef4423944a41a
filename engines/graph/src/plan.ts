import { compareBytes } from '@kiln/base';
import type { ArcMask } from './components.ts';
import { rank } from './critical-path.ts';
import { breakCycles, type BrokenComponent } from './cuts.ts';
import { buildNeeds } from './needs.ts';
import type { RequirementGraph } from './requirement-graph.ts';

export interface PlanOptions {
  /** Names of the recipes to build; others count as built. Default: all. */
  readonly only?: ReadonlySet<string>;
  /** How long builds take, in milliseconds, by recipe. One that is not here takes as long as the median; default 1 each. */
  readonly durationsMs?: ReadonlyMap<string, number>;
}

/** A recipe to build. */
export interface PlannedRecipe {
  readonly name: string;
  /** How many recipes of the plan stand in the longest chain before it. */
  readonly level: number;
  /** How long the longest chain takes that begins with it: what is ready and has most of it goes first. */
  readonly priority: number;
  /** The recipes of the plan that have to be built and published before. Sorted. */
  readonly needs: readonly string[];
}

/** An atom that leads from one recipe of a cycle to the next. */
export interface CycleStep {
  readonly recipe: string;
  readonly atom: string;
  /** The package that gives it. */
  readonly package: string;
  /** How that package leads to one of the next recipe, by run-time atoms; empty when that recipe makes it. */
  readonly through: readonly { readonly atom: string; readonly package: string }[];
}

/** An atom of a build that is not waited for: a published package gives it. */
export interface Cut {
  readonly recipe: string;
  readonly atom: string;
  /** The package of the tree that would give it. */
  readonly package: string;
  /** The published package that can give it, `NAME-VERSION`; undefined: none of the given indexes has one. */
  readonly published: string | undefined;
}

/** Recipes that need each other. */
export interface CyclicComponent {
  readonly recipes: readonly string[];
  /** Shortest ones, each as its steps; the last leads to the first. The shortest come first. */
  readonly cycles: readonly (readonly CycleStep[])[];
  /** Sorted by recipe and atom. */
  readonly cuts: readonly Cut[];
}

export interface Plan {
  /** In the order in which one builder would go: longest chain first, equally long ones by name. */
  readonly recipes: readonly PlannedRecipe[];
  /** Largest first. */
  readonly components: readonly CyclicComponent[];
  /** The recipes of the longest chain. */
  readonly criticalPath: readonly string[];
}

/** Orders the builds of a tree, with cycles broken by cuts. Pure; the same graph and options give the same plan. */
export function planBuilds(graph: RequirementGraph, options: PlanOptions = {}): Plan {
  const mask = maskOf(graph, options.only);
  const components = breakCycles(graph, mask).map((one) => describe(graph, one));
  const needs = buildNeeds(graph, mask);
  const { levels, priorities, nexts } = rank(needs, durationsOf(graph, options.durationsMs));
  const isWanted = (name: string): boolean => options.only?.has(name) ?? true;
  const name = (recipe: number): string => graph.recipes[recipe]?.name ?? '';
  const order = graph.recipes
    .flatMap((recipe, number) => (isWanted(recipe.name) ? [number] : []))
    .sort((a, b) => (priorities[b] ?? 0) - (priorities[a] ?? 0) || a - b);
  const criticalPath: string[] = [];
  for (let next = order[0]; next !== undefined; next = nexts[next]) criticalPath.push(name(next));
  return {
    recipes: order.map((recipe) => ({
      name: name(recipe),
      level: levels[recipe] ?? 0,
      priority: priorities[recipe] ?? 0,
      needs: (needs[recipe] ?? []).map(name),
    })),
    components: components.sort((a, b) => b.recipes.length - a.recipes.length),
    criticalPath,
  };
}

/** Takes away what leads to and from builds that do not take place. */
function maskOf(graph: RequirementGraph, only: ReadonlySet<string> | undefined): ArcMask {
  const mask = new Uint8Array(graph.arcCount);
  if (only === undefined) return mask;
  const isLeftOut = (vertex: number): boolean =>
    graph.kindOf(vertex) === 'build' && !only.has(graph.recipes[vertex]?.name ?? '');
  for (let vertex = 0; vertex < graph.vertexCount; vertex++) {
    const from = isLeftOut(vertex);
    for (let arc = graph.starts[vertex] ?? 0; arc < (graph.starts[vertex + 1] ?? 0); arc++)
      if (from || isLeftOut(graph.targets[arc] ?? 0)) mask[arc] = 1;
  }
  return mask;
}

/** Whole milliseconds, at least one: so priorities fall along every chain, and exactly. */
function durationsOf(
  { recipes }: RequirementGraph,
  known: PlanOptions['durationsMs'],
): readonly number[] {
  const sorted = [...(known?.values() ?? [])].sort((a, b) => a - b);
  const usual = sorted[Math.floor(sorted.length / 2)] ?? 1;
  return recipes.map(({ name }) => Math.max(1, Math.round(known?.get(name) ?? usual)));
}

function describe(
  graph: RequirementGraph,
  { builds, cycles, cuts }: BrokenComponent,
): CyclicComponent {
  const recipe = (vertex: number): string => graph.recipeAt(vertex)?.name ?? '';
  return {
    recipes: builds.map(recipe),
    cycles: cycles
      .map((cycle) => stepsOf(graph, cycle))
      .sort((a, b) => a.length - b.length || compareBytes(a[0]?.recipe ?? '', b[0]?.recipe ?? '')),
    cuts: cuts.map((arc) => {
      const atom = graph.atoms[arc] ?? '';
      const published = graph.providers.published(atom);
      return {
        recipe: recipe(graph.sourceOf(arc)),
        atom,
        package: graph.packageAt(graph.targets[arc] ?? 0)?.name ?? '',
        published: published && `${published.name}-${published.version}`,
      };
    }),
  };
}

function stepsOf(graph: RequirementGraph, cycle: readonly number[]): readonly CycleStep[] {
  const steps: { recipe: string; atom: string; package: string; through: Link[] }[] = [];
  for (const arc of cycle) {
    const from = graph.sourceOf(arc);
    const atom = graph.atoms[arc] ?? '';
    const target = graph.packageAt(graph.targets[arc] ?? 0)?.name ?? '';
    if (graph.kindOf(from) === 'build')
      steps.push({
        recipe: graph.recipeAt(from)?.name ?? '',
        atom,
        package: target,
        through: [],
      });
    else if (atom !== '') steps.at(-1)?.through.push({ atom, package: target });
  }
  return steps;
}

type Link = CycleStep['through'][number];
