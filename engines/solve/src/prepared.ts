import type { IndexRecord } from '@kiln/apk';
import { splitAtom } from './atom.ts';
import type { Atom, SolverDialect } from './atom.ts';
import { recordSource, unusualNames } from './record-source.ts';
import type { RecordSource } from './record-source.ts';
import type { RepositoryIndex } from './types.ts';

/** One record of one repository, with what the solver asks of it at hand. */
export interface Candidate {
  readonly record: IndexRecord;
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly tag: string;
  /** `NAME-VERSION.apk`, for messages. */
  readonly file: string;
  readonly provides: readonly Atom[];
}

/**
 * Indexes that can be asked who has a name; any number of solves may share them, and should, since what one of them looked at is
 * kept for the next. What it answers never changes.
 */
export interface PreparedIndexes {
  readonly dialect: SolverDialect;
  /** All of them, in index order. */
  candidates(): readonly Candidate[];
  /**
   * Those with a name: first those so named, in index order, then those that provide it. In dialect `apko` the latter come package
   * by package, and each as often as it provides the name, which is how often apko counts it.
   */
  byName(name: string): readonly Candidate[];
  /** Those with an `install_if` term, as written; undefined when there are none. */
  byInstallIf(term: string): readonly Candidate[] | undefined;
  /** Whether a repository has this tag. */
  hasTag(tag: string): boolean;
  /** Whether there is a package of exactly this name and version. */
  has(name: string, version: string): boolean;
}

/** Prepares a set of indexes. Packed ones are at hand at once; of a list the cost is linear in records and their provides. */
export function prepareIndexes(
  indexes: readonly RepositoryIndex[],
  dialect: SolverDialect = 'kiln',
): PreparedIndexes {
  return new SharedIndexes(
    indexes.map((index) => new PreparedIndex(index, dialect)),
    dialect,
  );
}

class SharedIndexes implements PreparedIndexes {
  readonly dialect: SolverDialect;
  readonly #indexes: readonly PreparedIndex[];
  /** Of names that somebody has. */
  readonly #byName = new Map<string, readonly Candidate[]>();
  #byInstallIf: ReadonlyMap<string, readonly Candidate[]> | undefined;

  constructor(indexes: readonly PreparedIndex[], dialect: SolverDialect) {
    this.#indexes = indexes;
    this.dialect = dialect;
  }

  candidates(): readonly Candidate[] {
    return this.#indexes.flatMap((index) => index.all());
  }

  hasTag(tag: string): boolean {
    return this.#indexes.some((index) => index.tag === tag);
  }

  byName(name: string): readonly Candidate[] {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const named = this.#indexes.flatMap((index) => index.named(name));
    const providing = this.#indexes.flatMap((index) => index.providing(name));
    const found =
      this.dialect === 'apko'
        ? [...named, ...Map.groupBy(providing, (one) => one.name).values()].flat()
        : [...new Set([...named, ...providing])];
    if (found.length > 0) this.#byName.set(name, found);
    return found;
  }

  byInstallIf(term: string): readonly Candidate[] | undefined {
    this.#byInstallIf ??= termsOf(this.#indexes.flatMap((index) => index.conditional()));
    return this.#byInstallIf.get(term);
  }

  has(name: string, version: string): boolean {
    return this.byName(name).some((one) => one.name === name && one.version === version);
  }
}

function termsOf(candidates: readonly Candidate[]): ReadonlyMap<string, readonly Candidate[]> {
  const terms = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    for (const term of new Set(candidate.record.installIf)) {
      const list = terms.get(term);
      if (list === undefined) terms.set(term, [candidate]);
      else list.push(candidate);
    }
  }
  return terms;
}

/** Of the many records of an index a solve looks at few: those become candidates, each once. */
class PreparedIndex {
  readonly #index: RepositoryIndex;
  readonly #dialect: SolverDialect;
  readonly #source: RecordSource;
  readonly #unusual: ReadonlyMap<string, readonly number[]>;
  readonly #candidates = new Map<number, Candidate>();

  constructor(index: RepositoryIndex, dialect: SolverDialect) {
    this.#index = index;
    this.#dialect = dialect;
    this.#source = recordSource(index.records);
    this.#unusual = unusualNames(this.#source, dialect);
  }

  get tag(): string {
    return this.#index.tag;
  }

  all(): readonly Candidate[] {
    return Array.from({ length: this.#source.length }, (_, number) => this.#candidate(number));
  }

  named(name: string): readonly Candidate[] {
    return this.#source.named(name).map((number) => this.#candidate(number));
  }

  /** Each as often as it provides the name. */
  providing(name: string): readonly Candidate[] {
    const usual = this.#source.providing(name);
    const unusual = this.#unusual.get(name) ?? [];
    return (unusual.length === 0 ? usual : [...usual, ...unusual].sort((a, b) => a - b)).map(
      (number) => this.#candidate(number),
    );
  }

  conditional(): readonly Candidate[] {
    return this.#source.conditional.map((number) => this.#candidate(number));
  }

  #candidate(number: number): Candidate {
    const known = this.#candidates.get(number);
    if (known !== undefined) return known;
    const candidate = new PreparedCandidate(
      this.#source.record(number),
      this.#index,
      this.#dialect,
    );
    this.#candidates.set(number, candidate);
    return candidate;
  }
}

class PreparedCandidate implements Candidate {
  readonly record: IndexRecord;
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly tag: string;
  readonly #dialect: SolverDialect;
  #provides: readonly Atom[] | undefined;

  constructor(record: IndexRecord, { repository, tag }: RepositoryIndex, dialect: SolverDialect) {
    this.record = record;
    this.name = record.name;
    this.version = record.version;
    this.repository = repository;
    this.tag = tag;
    this.#dialect = dialect;
  }

  get file(): string {
    return `${this.name}-${this.version}.apk`;
  }

  get provides(): readonly Atom[] {
    this.#provides ??= this.record.provides.map((provide) => splitAtom(provide, this.#dialect));
    return this.#provides;
  }
}
