import type { RequirementGraph, VertexKind } from './requirement-graph.ts';

/** One vertex of the way, and the atom that led to it. */
export interface WhyStep {
  /** "" for the first, and where a package needs the build that makes it. */
  readonly atom: string;
  readonly kind: VertexKind;
  /** Of the recipe or the package. */
  readonly name: string;
  /** "" for a published package that no recipe of the tree makes. */
  readonly recipe: string;
}

/**
 * The shortest way from a recipe, by its build or else its tests, to a recipe, a package or a provided name; undefined when
 * there is none. Throws nothing: an unknown `from` has no way to anything.
 */
export function whyNeeded(
  graph: RequirementGraph,
  from: string,
  to: string,
): readonly WhyStep[] | undefined {
  const recipe = graph.recipeNumber(from) ?? makerOf(graph, from);
  if (recipe === undefined) return undefined;
  const isGoal = goalOf(graph, to);
  return shortest(graph, recipe, isGoal) ?? shortest(graph, graph.testVertex(recipe), isGoal);
}

/** Whether anything in the graph has this name: a recipe, a package, or what one provides. */
export function hasName(graph: RequirementGraph, name: string): boolean {
  if (graph.recipeNumber(name) !== undefined || makerOf(graph, name) !== undefined) return true;
  const isGoal = goalOf(graph, name);
  for (let vertex = 0; vertex + 1 < graph.starts.length; vertex++) if (isGoal(vertex)) return true;
  return false;
}

/** The recipe that makes a package of this name. */
function makerOf(graph: RequirementGraph, name: string): number | undefined {
  const recipe = graph.recipes.findIndex(({ packages }) =>
    packages.some((one) => one.name === name),
  );
  return recipe < 0 ? undefined : recipe;
}

function goalOf(graph: RequirementGraph, name: string): (vertex: number) => boolean {
  return (vertex) => {
    const one = graph.packageAt(vertex);
    if (one === undefined)
      return graph.kindOf(vertex) === 'build' && graph.recipeAt(vertex)?.name === name;
    return one.name === name || one.provides.some((provide) => provide.name === name);
  };
}

function shortest(
  graph: RequirementGraph,
  from: number,
  isGoal: (vertex: number) => boolean,
): readonly WhyStep[] | undefined {
  const arcTo = new Map<number, number | undefined>([[from, undefined]]);
  for (const vertex of arcTo.keys()) {
    if (vertex !== from && isGoal(vertex)) return wayTo(graph, vertex, arcTo);
    for (let arc = graph.starts[vertex] ?? 0; arc < (graph.starts[vertex + 1] ?? 0); arc++) {
      const to = graph.targets[arc] ?? 0;
      if (!arcTo.has(to)) arcTo.set(to, arc);
    }
  }
  return undefined;
}

function wayTo(
  graph: RequirementGraph,
  goal: number,
  arcTo: ReadonlyMap<number, number | undefined>,
): readonly WhyStep[] {
  const steps: WhyStep[] = [];
  let vertex: number | undefined = goal;
  while (vertex !== undefined) {
    const arc: number | undefined = arcTo.get(vertex);
    const recipe = graph.recipeAt(vertex)?.name ?? '';
    steps.push({
      atom: arc === undefined ? '' : (graph.atoms[arc] ?? ''),
      kind: graph.kindOf(vertex),
      name: graph.packageAt(vertex)?.name ?? recipe,
      recipe,
    });
    vertex = arc === undefined ? undefined : graph.sourceOf(arc);
  }
  return steps.reverse();
}
