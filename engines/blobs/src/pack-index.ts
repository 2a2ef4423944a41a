import type { Digest } from '@kiln/base';

/** An entry of a pack: by number, from 0, in the order in which the pack lists its blobs. */
export interface PackPlace {
  /** The pack's name: lower-case hexadecimal digits. */
  readonly pack: string;
  readonly entry: number;
}

/** A place and the blob that is there. */
export interface PackedBlob extends PackPlace {
  readonly digest: Digest;
}

/**
 * Where packed blobs are. A pack counts from the moment it is added; all of its entries appear at once. The index may know
 * beginnings of digests only: what it finds are candidates, and the pack itself says what is there.
 */
export interface PackIndex {
  /** Adds a pack whose bytes are durable, with the blobs that it lists, in its order; it was used at `usedAt`. */
  add(pack: string, digests: readonly Digest[], usedAt: number): Promise<void>;
  /**
   * The packs that may have these are used now, which is written once an hour. When this returns, entries that `collect`
   * chose before are gone, and none of these packs loses any by a `collect` that asks for less recent use.
   */
  use(digests: readonly Digest[], now: number): Promise<void>;
  /** When packs were used last; those that are unknown are left out. */
  usedAt(packs: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** `remove` of those entries whose packs were not used since then. */
  collect(
    blobs: readonly PackedBlob[],
    unusedSince: number,
  ): Promise<{ readonly removed: readonly PackedBlob[]; readonly emptied: readonly string[] }>;
  /** Candidates for each digest, always in one order; digests without any are left out. */
  find(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, readonly PackPlace[]>>;
  /** Forgets entries, and packs that have none left; returns the packs forgotten. What is unknown is passed over. */
  remove(blobs: readonly PackedBlob[]): Promise<readonly string[]>;
  /** Every entry, those of one pack mostly together. */
  list(): AsyncIterable<PackPlace>;
  /** Those of `packs` that it knows. */
  known(packs: readonly string[]): Promise<ReadonlySet<string>>;
}
