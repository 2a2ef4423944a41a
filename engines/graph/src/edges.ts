import type { RequirementGraph } from './requirement-graph.ts';

/** An atom of an environment and who gives it. */
export interface Edge {
  readonly atom: string;
  readonly package: string;
  /** Full version of the package. */
  readonly version: string;
  /** The recipe that makes it; undefined: it is published and no recipe of the tree gives the atom. */
  readonly recipe: string | undefined;
}

/** The atoms of a recipe's build or of its tests that have a provider, in byte order. Empty for an unknown recipe. */
export function edgesOf(
  graph: RequirementGraph,
  recipe: string,
  environment: 'build' | 'test',
): readonly Edge[] {
  const number = graph.recipeNumber(recipe);
  if (number === undefined) return [];
  const vertex = environment === 'build' ? number : graph.testVertex(number);
  const edges: Edge[] = [];
  for (let arc = graph.starts[vertex] ?? 0; arc < (graph.starts[vertex + 1] ?? 0); arc++) {
    const target = graph.targets[arc] ?? 0;
    const one = graph.packageAt(target);
    if (one === undefined) continue;
    edges.push({
      atom: graph.atoms[arc] ?? '',
      package: one.name,
      version: one.version,
      recipe: graph.recipeAt(target)?.name,
    });
  }
  return edges;
}
