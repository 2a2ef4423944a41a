import type { PreparedIndexes } from './prepared.ts';
import { solve } from './solve.ts';
import type { Solved } from './types.ts';

/**
 * What can be had of a world that has no solution: of its entries in their order each is taken that has one together with what
 * was taken before. What the world refuses (`!name`) is refused here too. The packages are in the order of installation.
 */
export function partialSolve(
  indexes: PreparedIndexes,
  world: readonly string[],
): readonly Solved[] {
  const refusals = world.filter((text) => text.startsWith('!'));
  let taken: readonly string[] = refusals;
  let packages: readonly Solved[] = [];
  for (const text of world) {
    if (text.startsWith('!')) continue;
    const solution = solve(indexes, [...taken, text]);
    if (solution.kind === 'unsolved') continue;
    taken = [...taken, text];
    ({ packages } = solution);
  }
  return packages;
}
