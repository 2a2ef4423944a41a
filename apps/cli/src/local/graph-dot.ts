import { sortUnique } from '@kiln/base';
import { edgesOf } from '@kiln/graph';
import type { TreeGraph } from './graph.ts';

/** The planned recipes and which needs which, in the language of Graphviz: cuts are dashed, tests dotted. */
export function graphDot({ arch, graph, plan }: TreeGraph, withTests: boolean): string {
  const planned = new Set(plan.recipes.map(({ name }) => name));
  const cuts = new Set(
    plan.components.flatMap((one) => one.cuts.map(({ recipe, atom }) => `${recipe} ${atom}`)),
  );
  const lines: string[] = [];
  for (const name of planned) {
    lines.push(`  ${quoted(name)};`);
    const line = (to: string | undefined, atom: string, style: string): void => {
      if (to !== undefined && planned.has(to))
        lines.push(`  ${quoted(name)} -> ${quoted(to)} [label=${quoted(atom)}${style}];`);
    };
    for (const { recipe, atom } of edgesOf(graph, name, 'build'))
      line(recipe, atom, cuts.has(`${name} ${atom}`) ? ', style=dashed, constraint=false' : '');
    if (!withTests) continue;
    for (const { recipe, atom } of edgesOf(graph, name, 'test'))
      if (recipe !== name) line(recipe, atom, ', style=dotted, constraint=false');
  }
  return `digraph ${quoted(arch)} {\n${sortUnique(lines).join('\n')}\n}\n`;
}

/** Names have no backslash, but atoms are what recipes say. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}
