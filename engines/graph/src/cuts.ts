import { compareBytes } from '@kiln/base';
import { cyclicComponents, type ArcMask } from './components.ts';
import { CycleSearch, type Cycle } from './cycle-search.ts';
import type { RequirementGraph } from './requirement-graph.ts';

/** Builds that need each other, cycles among them, and arcs without which there is none. */
export interface BrokenComponent {
  /** Sorted. */
  readonly builds: readonly number[];
  readonly cycles: readonly Cycle[];
  readonly cuts: readonly number[];
}

/**
 * Chooses arcs to cut until no build needs itself; each is an atom of a build, which then takes what is published. Where
 * one of a cycle is published already, such a one is cut; otherwise the one that is in most of the cycles found, then the one
 * whose provider brings fewest packages, then by recipe and atom. The cycles looked at are a shortest one through each build;
 * when all of them are broken the search begins again, so the choice is good and not always the least. None of the cuts is
 * superfluous: put back alone, each closes a cycle. The mask gets the cuts.
 */
export function breakCycles(graph: RequirementGraph, mask: ArcMask): readonly BrokenComponent[] {
  const breaker = new Breaker(graph, mask);
  return cyclicComponents(graph, mask).map((component) => breaker.break(component));
}

class Breaker {
  readonly #graph: RequirementGraph;
  readonly #mask: ArcMask;
  readonly #search: CycleSearch;
  readonly #weights = new Map<number, number>();

  constructor(graph: RequirementGraph, mask: ArcMask) {
    this.#graph = graph;
    this.#mask = mask;
    this.#search = new CycleSearch(graph);
  }

  break(component: readonly number[]): BrokenComponent {
    const cycles: Cycle[] = [];
    const cuts: number[] = [];
    let rest: readonly (readonly number[])[] = [component];
    while (rest.length > 0) {
      const found = rest.flatMap((one) => this.#search.shortest(one, this.#mask));
      cycles.push(...found);
      for (const arc of this.#cover(found)) {
        this.#mask[arc] = 1;
        cuts.push(arc);
      }
      rest = cyclicComponents(this.#graph, this.#mask, component);
    }
    return {
      builds: component.filter((vertex) => this.#graph.kindOf(vertex) === 'build'),
      cycles,
      cuts: this.#necessary(cuts).sort((a, b) => a - b),
    };
  }

  /** Arcs of which every one of the cycles has one, chosen greedily. */
  #cover(cycles: readonly Cycle[]): number[] {
    const chosen: number[] = [];
    const cyclesOf = new Map<number, Set<Cycle>>();
    for (const cycle of cycles)
      for (const arc of cycle) {
        if (!this.#isCuttable(arc)) continue;
        const known = cyclesOf.get(arc);
        if (known === undefined) cyclesOf.set(arc, new Set([cycle]));
        else known.add(cycle);
      }
    while (cyclesOf.size > 0) {
      const best = this.#best(cyclesOf);
      chosen.push(best);
      for (const cycle of cyclesOf.get(best) ?? [])
        for (const arc of cycle) {
          const others = cyclesOf.get(arc);
          if (others?.delete(cycle) === true && others.size === 0) cyclesOf.delete(arc);
        }
    }
    return chosen;
  }

  #best(cyclesOf: ReadonlyMap<number, ReadonlySet<Cycle>>): number {
    const isBetter = (a: number, b: number): boolean =>
      (this.#rank(a) - this.#rank(b) ||
        (cyclesOf.get(b)?.size ?? 0) - (cyclesOf.get(a)?.size ?? 0) ||
        this.#compare(a, b)) < 0;
    return [...cyclesOf.keys()].reduce((best, arc) => (isBetter(arc, best) ? arc : best));
  }

  /** Cuts without which there would be a cycle: those that nobody has published are dropped first. */
  #necessary(cuts: readonly number[]): number[] {
    const kept = new Set(cuts);
    const order = [...cuts].reverse().sort((a, b) => this.#rank(b) - this.#rank(a));
    for (const arc of order) {
      const from = this.#graph.sourceOf(arc);
      if (this.#search.reaches(this.#graph.targets[arc] ?? 0, from, this.#mask)) continue;
      this.#mask[arc] = 0;
      kept.delete(arc);
    }
    return [...kept];
  }

  #isCuttable(arc: number): boolean {
    return this.#graph.kindOf(this.#graph.sourceOf(arc)) === 'build';
  }

  #rank(arc: number): number {
    return this.#graph.providers.published(this.#graph.atoms[arc] ?? '') === undefined ? 1 : 0;
  }

  #compare(a: number, b: number): number {
    const { targets, atoms } = this.#graph;
    const recipe = (arc: number): string =>
      this.#graph.recipeAt(this.#graph.sourceOf(arc))?.name ?? '';
    return (
      this.#weight(targets[a] ?? 0) - this.#weight(targets[b] ?? 0) ||
      compareBytes(recipe(a), recipe(b)) ||
      compareBytes(atoms[a] ?? '', atoms[b] ?? '')
    );
  }

  /** How many packages installing this one brings. */
  #weight(vertex: number): number {
    const known = this.#weights.get(vertex);
    if (known !== undefined) return known;
    const seen = new Set([vertex]);
    for (const one of seen) {
      const { starts, targets } = this.#graph;
      for (let arc = starts[one] ?? 0; arc < (starts[one + 1] ?? 0); arc++)
        if (this.#graph.kindOf(targets[arc] ?? 0) !== 'build') seen.add(targets[arc] ?? 0);
    }
    this.#weights.set(vertex, seen.size);
    return seen.size;
  }
}
