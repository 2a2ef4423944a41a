import type { IndexRecord } from '@kiln/apk';
import { parseConstraintApko } from '@kiln/version';

export interface PackageDotInput {
  /** The configuration's file: the root of the graph. */
  readonly file: string;
  /** What the configuration asks for, as it says it. */
  readonly world: readonly string[];
  /** What was found, in the order of installation. */
  readonly packages: readonly IndexRecord[];
  /** One edge to each package. */
  readonly asTree: boolean;
  /** Why nothing was found, outermost first. */
  readonly failure?: readonly string[];
}

/**
 * The packages of a configuration in the language of Graphviz, left to right: file, world entries, packages, what they depend
 * on, and names that several provide, which are boxes. A function of its input: edges are in the order of installation.
 */
export function packageDot(input: PackageDotInput): string {
  const graph = new DotGraph(input.asTree);
  for (const entry of input.world) {
    const { name } = parseConstraintApko(entry);
    graph.edge(input.file, entry);
    if (name !== entry) graph.edge(entry, name);
  }
  const names = new Set(input.packages.map(({ name }) => name));
  const provided = new Map<string, string[]>();
  for (const one of input.packages) {
    graph.node(
      one.name,
      `label=${quoted(`${one.name}-${one.version}`)}, tooltip=${quoted(one.description)}`,
    );
    for (const text of one.provides) {
      const { name } = parseConstraintApko(text);
      if (!names.has(name)) provided.set(name, [...(provided.get(name) ?? []), one.name]);
    }
  }
  const asked = new Set(input.world.map((entry) => parseConstraintApko(entry).name));
  for (const one of input.packages) {
    for (const text of one.depends.filter((depend) => !depend.startsWith('!'))) {
      const { name } = parseConstraintApko(text);
      asked.add(name);
      graph.edge(one.name, name);
    }
  }
  for (const name of asked) {
    const providers = provided.get(name) ?? [];
    if (providers.length > 0) graph.node(name, 'shape=rect');
    for (const provider of providers) graph.edge(name, provider);
  }
  graph.chain(input.failure ?? []);
  return graph.print();
}

class DotGraph {
  readonly #nodes: string[] = [];
  readonly #edges = new Set<string>();
  readonly #reached = new Set<string>();
  readonly #asTree: boolean;

  constructor(asTree: boolean) {
    this.#asTree = asTree;
  }

  node(name: string, attributes: string): void {
    this.#nodes.push(`  ${quoted(name)} [${attributes}];`);
  }

  edge(from: string, to: string): void {
    if (this.#asTree && this.#reached.has(to)) return;
    this.#reached.add(to);
    this.#edges.add(`  ${quoted(from)} -> ${quoted(to)};`);
  }

  /** Reasons below each other, from a node that says that there is no solution. */
  chain(reasons: readonly string[]): void {
    let before = 'error';
    for (const reason of reasons.map((text) => text.trim()).filter(Boolean)) {
      this.edge(before, reason);
      before = reason;
    }
  }

  print(): string {
    return `digraph images {\n  rankdir=LR;\n${[...this.#nodes, ...this.#edges].join('\n')}\n}\n`;
  }
}

/** What packages say of themselves may hold anything. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\r?\n/g, '\\n')}"`;
}
