import type { IndexRecord } from '@kiln/apk';
import type { Digest } from '@kiln/base';
import { RecentlyUsed, assert, digestOf } from '@kiln/base';
import type { BuiltPackage, FactoryRecords, GenerationHead } from './records.ts';

/** A package that a lock names, with its file. */
export interface LockedPackage {
  readonly record: IndexRecord;
  readonly apk: Digest;
  readonly repository: string;
}

/** What a solve came to. */
export type SolvedLock =
  /** In install order. */
  | { readonly kind: 'locked'; readonly packages: readonly LockedPackage[] }
  | { readonly kind: 'unsolved'; readonly chain: readonly string[] };

/** All that the answer of a solve follows from. */
export interface LockInputs {
  /** Whose rules say which packages are candidates. */
  readonly use: 'environment' | 'image';
  /** Those whose packages are candidates, in the order in which they count. */
  readonly generations: readonly (GenerationHead | undefined)[];
  /** Files that are candidates themselves, or decide which packages of the generations are, in their order. */
  readonly packages: readonly BuiltPackage[];
  /** Names of what else decides about that. */
  readonly filters?: readonly string[];
  /** Sorted, each once. */
  readonly world: readonly string[];
}

/** What locks are made with. */
export interface LockPorts {
  readonly records: FactoryRecords;
  readonly locks: LockMemo;
}

export interface LockMemoLimits {
  /** Answers that are kept; default 2,000. */
  readonly entriesMax: number;
  /** Bytes of them as JSON, together; default 64 MiB. */
  readonly bytesMax: number;
}

const defaultLimits: LockMemoLimits = { entriesMax: 2000, bytesMax: 64 * 2 ** 20 };

/** Generations whose packages are kept: one for each repository and architecture. */
const generationsMax = 8;

/**
 * What solves of this process came to, by all they follow from, and the packages of the generations they were made of: the same
 * question is solved once. Nothing in it has to be dropped when something changes. A generation is immutable, and a published one
 * has another number, so a question after a publication is another question; so is one after a test passed or a package was built,
 * whose files are part of it. The solver is that of the process, and does not outlive it. What was not asked for longest goes first
 * when there is too much.
 */
export class LockMemo {
  readonly #entries: RecentlyUsed<Digest, SolvedLock>;
  /** Each counts as one byte. */
  readonly #generations = new RecentlyUsed<
    string,
    Pick<GenerationHead, 'number' | 'indexBlob'> & { readonly packages: readonly BuiltPackage[] }
  >({ bytesMax: generationsMax });
  #hits = 0;
  #solves = 0;

  constructor(limits: Partial<LockMemoLimits> = {}) {
    this.#entries = new RecentlyUsed({ ...defaultLimits, ...limits, entryBytesMax: Infinity });
  }

  /** Questions that were answered from here, those that were solved, and what is kept. */
  get counts(): {
    readonly hits: number;
    readonly solves: number;
    readonly entries: number;
    readonly sizeBytes: number;
  } {
    const { entries, sizeBytes } = this.#entries;
    return { hits: this.#hits, solves: this.#solves, entries, sizeBytes };
  }

  /** The answer; `solve` finds it when it is not known. What is undefined is no answer yet, and not kept. */
  async lock<T extends SolvedLock | undefined>(
    inputs: LockInputs,
    solve: () => Promise<T>,
  ): Promise<T | SolvedLock> {
    const key = keyOf(inputs);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#hits += 1;
      return known;
    }
    this.#solves += 1;
    const lock = await solve();
    if (lock !== undefined) this.#entries.set(key, lock, JSON.stringify(lock).length);
    return lock;
  }

  /** The packages of a generation, read once. */
  async packages(
    records: Pick<FactoryRecords, 'generation'>,
    { repository, arch, number, indexBlob }: GenerationHead,
  ): Promise<readonly BuiltPackage[]> {
    const place = `${repository} ${arch}`;
    const known = this.#generations.get(place);
    if (known?.number === number && known.indexBlob === indexBlob) return known.packages;
    const generation = await records.generation(repository, arch, number);
    assert(generation !== undefined, `generation ${number} of ${place} does not go away`);
    const { packages } = generation;
    this.#generations.set(place, { number, indexBlob, packages }, 1);
    return packages;
  }
}

/** Digests stand for the packages: they are many, and say all about them. Of the lines none has a line break in it. */
function keyOf({ use, generations, packages, filters = [], world }: LockInputs): Digest {
  const lines = [
    use,
    JSON.stringify(
      generations.map((one) => one && [one.repository, one.arch, one.number, one.indexBlob]),
    ),
    packages.map(({ apk }) => apk).join(' '),
    JSON.stringify(filters),
    JSON.stringify(world),
  ];
  return digestOf(lines.join('\n'));
}
