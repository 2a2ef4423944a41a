import { splitAtom } from '@kiln/solve/candidates';
import type { RequirementGraph } from './requirement-graph.ts';

export interface Change {
  /** Names of recipes that are new or not as they were. */
  readonly recipes: Iterable<string>;
  /** Names of packages and provides that these or deleted recipes had before: who asks for one is affected too. */
  readonly formerNames?: Iterable<string>;
}

/** A recipe that a change touches. */
export interface Affected {
  readonly recipe: string;
  /** `changed` itself; `build`: something of its build environment is; `test`: only something of a test environment is. */
  readonly kind: 'changed' | 'build' | 'test';
  /** How many builds lie between: 0 what changed, 1 what is built or tested with packages of it, 2 with packages of those. */
  readonly distance: number;
  /** Why: the package in between and its recipe; undefined for what changed itself. */
  readonly because: AffectedLink | undefined;
}

export interface AffectedLink {
  readonly atom: string;
  /** "" where the atom has no provider any more. */
  readonly package: string;
  readonly recipe: string;
}

/**
 * The recipes whose builds or tests may come out differently: those that changed and, over any number of steps, those whose
 * environment holds a package of one of them. Cycles are followed. In byte order of the recipes.
 */
export function affectedBy(graph: RequirementGraph, change: Change): readonly Affected[] {
  const search = new AffectedSearch(graph);
  const changed = new Set<number>();
  for (const name of change.recipes) {
    const recipe = graph.recipeNumber(name);
    if (recipe !== undefined) changed.add(recipe);
  }
  search.run(changed, new Set(change.formerNames ?? []));
  return graph.recipes.flatMap(({ name }, recipe): Affected[] => {
    if (changed.has(recipe))
      return [{ recipe: name, kind: 'changed', distance: 0, because: undefined }];
    const build = search.reached(recipe);
    if (build !== undefined) return [{ recipe: name, kind: 'build', ...build }];
    const test = search.reached(graph.testVertex(recipe));
    return test === undefined ? [] : [{ recipe: name, kind: 'test', ...test }];
  });
}

interface Reached {
  readonly distance: number;
  /** The arc over which it was reached. */
  readonly arc: number | undefined;
  /** An atom of it that has no provider any more. */
  readonly open: string | undefined;
}

/** Walks arcs backwards, one build further in each round. */
class AffectedSearch {
  readonly #graph: RequirementGraph;
  readonly #incoming: readonly (readonly number[])[];
  readonly #reached = new Map<number, Reached>();
  /** Builds and tests that the round reached: what is made by these builds is of the next one. */
  #next: number[] = [];
  #distance = 0;

  constructor(graph: RequirementGraph) {
    this.#graph = graph;
    this.#incoming = incomingArcs(graph);
  }

  run(changed: ReadonlySet<number>, formerNames: ReadonlySet<string>): void {
    for (const recipe of changed) this.#reach(recipe, {});
    let round = this.#next;
    this.#distance = 1;
    this.#next = [];
    this.#reachAskers(formerNames);
    while (round.length > 0 || this.#next.length > 0) {
      for (const vertex of round) this.#widen(vertex);
      round = this.#next;
      this.#next = [];
      this.#distance++;
    }
  }

  reached(vertex: number): Pick<Affected, 'distance' | 'because'> | undefined {
    const found = this.#reached.get(vertex);
    return found && { distance: found.distance, because: this.#because(found) };
  }

  /** Vertices that ask for one of these names. */
  #reachAskers(names: ReadonlySet<string>): void {
    if (names.size === 0) return;
    const isAsked = (atom: string): boolean =>
      atom !== '' && names.has(splitAtom(atom, 'kiln').name);
    this.#graph.atoms.forEach((atom, arc) => {
      if (isAsked(atom)) this.#reachAsker(this.#graph.sourceOf(arc), { arc });
    });
    for (const { atom, vertex } of this.#graph.open)
      if (isAsked(atom)) this.#reachAsker(vertex, { open: atom });
  }

  #reachAsker(vertex: number, how: Partial<Reached>): void {
    if (this.#reach(vertex, how) && this.#graph.kindOf(vertex) === 'package') this.#widen(vertex);
  }

  /** Reaches what needs a vertex, through packages but not through further builds. */
  #widen(vertex: number): void {
    const stack = [vertex];
    for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
      if (one !== vertex && this.#graph.kindOf(one) !== 'package') continue;
      for (const arc of this.#incoming[one] ?? []) {
        const from = this.#graph.sourceOf(arc);
        if (this.#reach(from, { arc })) stack.push(from);
      }
    }
  }

  /** False when it was reached before. */
  #reach(vertex: number, { arc, open }: Partial<Reached>): boolean {
    if (this.#reached.has(vertex)) return false;
    this.#reached.set(vertex, { distance: this.#distance, arc, open });
    if (this.#graph.kindOf(vertex) === 'build') this.#next.push(vertex);
    return true;
  }

  #because({ arc, open }: Reached): AffectedLink | undefined {
    if (open !== undefined) return { atom: open, package: '', recipe: '' };
    if (arc === undefined) return undefined;
    const target = this.#graph.targets[arc] ?? 0;
    return {
      atom: this.#graph.atoms[arc] ?? '',
      package: this.#graph.packageAt(target)?.name ?? '',
      recipe: this.#graph.recipeAt(target)?.name ?? '',
    };
  }
}

function incomingArcs(graph: RequirementGraph): readonly (readonly number[])[] {
  const incoming: number[][] = Array.from({ length: graph.vertexCount }, () => []);
  graph.targets.forEach((to, arc) => incoming[to]?.push(arc));
  return incoming;
}
