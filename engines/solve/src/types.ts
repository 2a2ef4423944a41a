import type { IndexRecord, PackedIndex } from '@kiln/apk';

/** The records of one repository, in the order of its index. */
export interface RepositoryIndex {
  /** Where packages of this repository come from: a URL or a name that the caller understands. */
  readonly repository: string;
  /** `@tag` without the at sign, or "" for an untagged repository. */
  readonly tag: string;
  /** As `readIndex` gives them, or a list. Of those packed only what a solve looks at becomes objects. */
  readonly records: readonly IndexRecord[] | PackedIndex;
}

/** A chosen package. */
export interface Solved {
  readonly record: IndexRecord;
  readonly repository: string;
  readonly tag: string;
}

/**
 * What kept a world from being solved: nothing has a name (`absent`), no version of it is the one asked for (`version`), packages
 * exclude each other (`conflict`), no repository has a tag (`tag`), a comparison does not exist (`operator`), or else.
 */
export type UnsolvedReason = 'absent' | 'version' | 'conflict' | 'tag' | 'operator' | 'other';

/** An ordinary "no": the chain of reasons, outermost first. */
export interface Unsolved {
  readonly kind: 'unsolved';
  /** One line per link of the chain, outermost first. */
  readonly chain: readonly string[];
  /** The atoms for which there is no candidate at all (so that a caller can wait for them), possibly empty. */
  readonly missing: readonly string[];
  readonly reason: UnsolvedReason;
}

export interface Solution {
  readonly kind: 'solved';
  /** Install order: dependencies before dependants. */
  readonly packages: readonly Solved[];
}

/** The signature of `solve`, exported by this package: (indexes in order, world) to an install list. Pure and total. */
export type Solve = (
  indexes: readonly RepositoryIndex[],
  world: readonly string[],
) => Solution | Unsolved;
