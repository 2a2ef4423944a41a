import type { ArcMask } from './components.ts';
import type { RequirementGraph } from './requirement-graph.ts';

/** A closed way through arcs, beginning at a build; by number. */
export type Cycle = readonly number[];

/** Finds shortest cycles within components. One search serves many. */
export class CycleSearch {
  readonly #graph: RequirementGraph;
  /** The component of a vertex that is being searched. */
  readonly #component: Int32Array;
  readonly #seen: Int32Array;
  readonly #arcTo: Int32Array;
  #search = 0;
  #components = 0;

  constructor(graph: RequirementGraph) {
    this.#graph = graph;
    this.#component = new Int32Array(graph.vertexCount);
    this.#seen = new Int32Array(graph.vertexCount);
    this.#arcTo = new Int32Array(graph.vertexCount);
  }

  /** A shortest cycle through each build of a component, each cycle once. */
  shortest(component: readonly number[], mask: ArcMask): Cycle[] {
    this.#components++;
    for (const vertex of component) this.#component[vertex] = this.#components;
    const found = new Map<string, Cycle>();
    for (const build of component) {
      if (this.#graph.kindOf(build) !== 'build') break;
      const cycle = this.#through(build, mask);
      const key = [...cycle].sort((a, b) => a - b).join(' ');
      if (cycle.length > 0 && !found.has(key)) found.set(key, cycle);
    }
    return [...found.values()];
  }

  /** Whether a build reaches another vertex. */
  reaches(from: number, to: number, mask: ArcMask): boolean {
    const queue = [from];
    this.#search++;
    for (let vertex = queue.pop(); vertex !== undefined; vertex = queue.pop()) {
      if (vertex === to) return true;
      for (const next of this.#fresh(vertex, mask, false)) queue.push(next);
    }
    return false;
  }

  #through(build: number, mask: ArcMask): Cycle {
    this.#search++;
    const queue = [build];
    for (let at = 0; at < queue.length; at++) {
      for (const next of this.#fresh(queue[at] ?? 0, mask, true)) {
        if (next === build) return this.#wayTo(build);
        queue.push(next);
      }
    }
    return [];
  }

  /** Vertices behind the arcs of this one that the search had not seen; the one it began at is seen when it comes again. */
  #fresh(vertex: number, mask: ArcMask, isWithin: boolean): number[] {
    const { starts, targets } = this.#graph;
    const fresh: number[] = [];
    for (let arc = starts[vertex] ?? 0; arc < (starts[vertex + 1] ?? 0); arc++) {
      const to = targets[arc] ?? 0;
      if (mask[arc] === 1 || this.#seen[to] === this.#search) continue;
      if (isWithin && this.#component[to] !== this.#components) continue;
      this.#seen[to] = this.#search;
      this.#arcTo[to] = arc;
      fresh.push(to);
    }
    return fresh;
  }

  #wayTo(build: number): Cycle {
    const arcs: number[] = [];
    let vertex = build;
    do {
      const arc = this.#arcTo[vertex] ?? 0;
      arcs.push(arc);
      vertex = this.#graph.sourceOf(arc);
    } while (vertex !== build);
    return arcs.reverse();
  }
}
