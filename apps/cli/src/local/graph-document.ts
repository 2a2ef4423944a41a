import { edgesOf, type Edge, type Plan } from '@kiln/graph';
import type { TreeGraph, TreeGraphs } from './graph.ts';

/** The form of `kiln package graph --json`; docs/packages-graph.md describes it. */
export function graphDocument({ graphs, problems }: TreeGraphs, withTests: boolean): unknown {
  return {
    format: 'kiln-graph',
    version: 1,
    graphs: graphs.map((one) => architectureDocument(one, withTests)),
    problems,
  };
}

function architectureDocument(tree: TreeGraph, withTests: boolean): unknown {
  const { arch, graph, plan, affected, epochs, way } = tree;
  return {
    arch,
    recipes: plan.recipes.map((planned) => recipeDocument(tree, planned, withTests)),
    criticalPath: plan.criticalPath,
    cycles: plan.components,
    open: graph.open
      .filter(({ kind }) => withTests || kind !== 'test')
      .map(({ atom, recipe, kind, package: wanting }) => ({
        atom,
        kind,
        recipe,
        ...(wanting === '' ? {} : { package: wanting }),
      })),
    ...(affected === undefined ? {} : { affected }),
    ...(epochs === undefined ? {} : { epochs }),
    ...(way === undefined ? {} : { why: way }),
  };
}

function recipeDocument(
  { graph, plan }: TreeGraph,
  planned: Plan['recipes'][number],
  withTests: boolean,
): unknown {
  const { name, level, priority, needs } = planned;
  const node = graph.recipes[graph.recipeNumber(name) ?? -1];
  if (node === undefined) throw new Error('assertion failed: a planned recipe is in the graph');
  const cuts = new Set(
    plan.components.flatMap((one) =>
      one.cuts.filter(({ recipe }) => recipe === name).map(({ atom }) => atom),
    ),
  );
  const edge = (one: Edge): unknown => ({
    ...one,
    recipe: one.recipe ?? null,
    ...(cuts.has(one.atom) ? { cut: true } : {}),
  });
  return {
    name,
    version: node.version,
    file: node.file,
    digest: node.digest,
    packages: node.packages.map((one) => one.name),
    isPublished: graph.isPublished(node),
    level,
    priority,
    needs,
    build: edgesOf(graph, name, 'build').map(edge),
    ...(withTests ? { test: edgesOf(graph, name, 'test') } : {}),
  };
}
