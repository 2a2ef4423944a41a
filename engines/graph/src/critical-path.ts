import { assert } from '@kiln/base';

/** Where builds stand in a graph without cycles; all by number. */
export interface Ranks {
  /** How many builds stand in the longest chain before it. */
  readonly levels: readonly number[];
  /** How long the longest chain takes that begins with it, itself included. */
  readonly priorities: readonly number[];
  /** The next build of that chain; undefined at its end. */
  readonly nexts: readonly (number | undefined)[];
}

/** Ranks builds by what they need and how long each takes, which is more than nothing. There is no cycle among them. */
export function rank(needs: readonly (readonly number[])[], durations: readonly number[]): Ranks {
  const dependants = reversed(needs);
  const order = someOrder(needs, dependants);
  const levels = needs.map(() => 0);
  for (const build of order)
    for (const need of needs[build] ?? [])
      levels[build] = Math.max(levels[build] ?? 0, (levels[need] ?? 0) + 1);
  const priorities = needs.map(() => 0);
  const nexts: (number | undefined)[] = needs.map(() => undefined);
  for (const build of order.toReversed()) {
    let rest = 0;
    // Dependants are ascending: of equally long chains the one with the least number is taken.
    for (const next of dependants[build] ?? []) {
      if ((priorities[next] ?? 0) <= rest) continue;
      rest = priorities[next] ?? 0;
      nexts[build] = next;
    }
    priorities[build] = rest + (durations[build] ?? 0);
  }
  return { levels, priorities, nexts };
}

/** Who waits for each; ascending. */
export function reversed(needs: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const dependants: number[][] = needs.map(() => []);
  needs.forEach((list, build) => list.forEach((need) => dependants[need]?.push(build)));
  return dependants;
}

function someOrder(
  needs: readonly (readonly number[])[],
  dependants: readonly (readonly number[])[],
): readonly number[] {
  const waiting = needs.map(({ length }) => length);
  const order = waiting.flatMap((count, build) => (count === 0 ? [build] : []));
  for (let at = 0; at < order.length; at++) {
    for (const next of dependants[order[at] ?? 0] ?? []) {
      const left = (waiting[next] ?? 0) - 1;
      waiting[next] = left;
      if (left === 0) order.push(next);
    }
  }
  assert(order.length === needs.length, 'there is no cycle among builds');
  return order;
}
