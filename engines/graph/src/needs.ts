import type { ArcMask } from './components.ts';
import type { RequirementGraph } from './requirement-graph.ts';

/**
 * The builds that each build waits for, by number: those of its environment's packages and of all that these need at run
 * time. Each list is ascending. Arcs of the mask are not followed.
 */
export function buildNeeds(graph: RequirementGraph, mask: ArcMask): readonly (readonly number[])[] {
  const seen = new Int32Array(graph.vertexCount).fill(-1);
  return graph.recipes.map((_, build) => reached(graph, mask, build, seen));
}

function reached(
  graph: RequirementGraph,
  mask: ArcMask,
  build: number,
  seen: Int32Array,
): readonly number[] {
  const { starts, targets } = graph;
  const builds: number[] = [];
  const stack = [build];
  for (let vertex = stack.pop(); vertex !== undefined; vertex = stack.pop()) {
    for (let arc = starts[vertex] ?? 0; arc < (starts[vertex + 1] ?? 0); arc++) {
      const to = targets[arc] ?? 0;
      if (mask[arc] === 1 || seen[to] === build) continue;
      seen[to] = build;
      if (graph.kindOf(to) === 'build') builds.push(to);
      else stack.push(to);
    }
  }
  return builds.sort((a, b) => a - b);
}
