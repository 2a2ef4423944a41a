import type { RequirementGraph } from './requirement-graph.ts';

/** Arcs that are not there, by number: cut, or leading to a build that will not take place. */
export type ArcMask = Uint8Array;

/**
 * The strongly connected components with more than one vertex that hold a build, by Tarjan's algorithm without recursion:
 * the sets of vertices that need each other. `among` bounds the search to some vertices. Each is sorted, and they stand in
 * the order of their least vertices.
 */
export function cyclicComponents(
  graph: RequirementGraph,
  mask: ArcMask,
  among?: readonly number[],
): readonly (readonly number[])[] {
  const search = new ComponentSearch(graph, mask, among);
  return search.run().sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

class ComponentSearch {
  readonly #graph: RequirementGraph;
  readonly #mask: ArcMask;
  readonly #roots: readonly number[];
  /** Order of discovery from 1; 0: not yet; -1: not to be looked at. */
  readonly #found: Int32Array;
  readonly #low: Int32Array;
  readonly #onStack: Uint8Array;
  readonly #stack: number[] = [];
  readonly #path: number[] = [];
  readonly #nextArc: Int32Array;
  readonly #components: number[][] = [];
  #count = 0;

  constructor(graph: RequirementGraph, mask: ArcMask, among: readonly number[] | undefined) {
    this.#graph = graph;
    this.#mask = mask;
    this.#roots = among ?? graph.recipes.map((_, number) => number);
    this.#found = new Int32Array(graph.vertexCount);
    if (among !== undefined) {
      this.#found.fill(-1);
      for (const vertex of among) this.#found[vertex] = 0;
    }
    this.#low = new Int32Array(graph.vertexCount);
    this.#onStack = new Uint8Array(graph.vertexCount);
    this.#nextArc = graph.starts.slice(0, graph.vertexCount);
  }

  run(): number[][] {
    for (const root of this.#roots) {
      if (this.#found[root] !== 0) continue;
      this.#enter(root);
      while (this.#path.length > 0) this.#step(this.#path.at(-1) ?? 0);
    }
    return this.#components;
  }

  #enter(vertex: number): void {
    this.#found[vertex] = this.#low[vertex] = ++this.#count;
    this.#onStack[vertex] = 1;
    this.#stack.push(vertex);
    this.#path.push(vertex);
  }

  /** Follows one arc of the vertex, or leaves it. */
  #step(vertex: number): void {
    const arc = this.#nextArc[vertex] ?? 0;
    if (arc >= (this.#graph.starts[vertex + 1] ?? 0)) return this.#leave(vertex);
    this.#nextArc[vertex] = arc + 1;
    if (this.#mask[arc] === 1) return;
    const to = this.#graph.targets[arc] ?? 0;
    if (this.#found[to] === 0) this.#enter(to);
    else if (this.#onStack[to] === 1) this.#lower(vertex, this.#found[to] ?? 0);
  }

  #leave(vertex: number): void {
    this.#path.pop();
    const parent = this.#path.at(-1);
    if (parent !== undefined) this.#lower(parent, this.#low[vertex] ?? 0);
    if (this.#low[vertex] !== this.#found[vertex]) return;
    const component = this.#stack.splice(this.#stack.lastIndexOf(vertex));
    for (const member of component) this.#onStack[member] = 0;
    component.sort((a, b) => a - b);
    if (component.length > 1 && this.#graph.kindOf(component[0] ?? 0) === 'build')
      this.#components.push(component);
  }

  #lower(vertex: number, to: number): void {
    this.#low[vertex] = Math.min(this.#low[vertex] ?? 0, to);
  }
}
