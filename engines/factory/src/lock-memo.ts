import type { IndexRecord } from '@kiln/apk';
import type { Digest } from '@kiln/base';
import { assert, digestOf } from '@kiln/base';
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

interface Entry {
  readonly lock: SolvedLock;
  readonly sizeBytes: number;
}

/**
 * What solves of this process came to, by all they follow from, and the packages of the generations they were made of: the same
 * question is solved once. Nothing in it has to be dropped when something changes. A generation is immutable, and a published one
 * has another number, so a question after a publication is another question; so is one after a test passed or a package was built,
 * whose files are part of it. The solver is that of the process, and does not outlive it. What was not asked for longest goes first
 * when there is too much.
 */
export class LockMemo {
  readonly #limits: LockMemoLimits;
  readonly #entries = new Map<Digest, Entry>();
  readonly #generations = new Map<
    string,
    Pick<GenerationHead, 'number' | 'indexBlob'> & { readonly packages: readonly BuiltPackage[] }
  >();
  #sizeBytes = 0;
  #hits = 0;
  #solves = 0;

  constructor(limits: Partial<LockMemoLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** Questions that were answered from here, those that were solved, and what is kept. */
  get counts(): {
    readonly hits: number;
    readonly solves: number;
    readonly entries: number;
    readonly sizeBytes: number;
  } {
    const { size: entries } = this.#entries;
    return { hits: this.#hits, solves: this.#solves, entries, sizeBytes: this.#sizeBytes };
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
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.lock;
    }
    this.#solves += 1;
    const lock = await solve();
    if (lock !== undefined) this.#keep(key, lock);
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
    this.#generations.delete(place);
    this.#generations.set(place, { number, indexBlob, packages });
    if (this.#generations.size > generationsMax) dropOldest(this.#generations);
    return packages;
  }

  #keep(key: Digest, lock: SolvedLock): void {
    const sizeBytes = JSON.stringify(lock).length;
    this.#sizeBytes += sizeBytes - (this.#entries.get(key)?.sizeBytes ?? 0);
    this.#entries.delete(key);
    this.#entries.set(key, { lock, sizeBytes });
    const { entriesMax, bytesMax } = this.#limits;
    while (this.#entries.size > entriesMax || this.#sizeBytes > bytesMax)
      this.#sizeBytes -= dropOldest(this.#entries)?.sizeBytes ?? 0;
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

/** A map gives its entries in the order in which they were set. */
function dropOldest<K, V>(map: Map<K, V>): V | undefined {
  const [oldest] = map;
  if (oldest === undefined) return undefined;
  map.delete(oldest[0]);
  return oldest[1];
}
