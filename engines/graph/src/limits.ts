import { KilnError } from '@kiln/base';

/** Bounds on a tree of recipes; far above the largest there is. */
export interface GraphLimits {
  /** Default 50,000. */
  readonly recipesMax: number;
  /** Packages of recipes and records of indexes together; default 2,000,000. */
  readonly packagesMax: number;
  /** Atoms that were resolved; default 10,000,000. */
  readonly edgesMax: number;
}

export const defaultGraphLimits: GraphLimits = {
  recipesMax: 50_000,
  packagesMax: 2_000_000,
  edgesMax: 10_000_000,
};

/** Throws `GRAPH_TOO_LARGE` for more than `most` of `what`. */
export function refuseMore(count: number, most: number, what: string): void {
  if (count > most) throw new KilnError('GRAPH_TOO_LARGE', `more than ${most} ${what}`);
}
