import type { IndexRecord } from '@kiln/apk';
import { splitAtom } from './atom.ts';
import type { Atom, SolverDialect } from './atom.ts';
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

/** Indexes turned into maps, once; any number of solves may share them. Nothing in it ever changes. */
export interface PreparedIndexes {
  readonly dialect: SolverDialect;
  readonly candidates: readonly Candidate[];
  /** Name or provided name to candidates: first those so named, in index order, then providers. */
  readonly byName: ReadonlyMap<string, readonly Candidate[]>;
  /** `install_if` term, as written, to the candidates that have it. */
  readonly byInstallIf: ReadonlyMap<string, readonly Candidate[]>;
  /** Every `NAME=VERSION` there is. */
  identities(): ReadonlySet<string>;
}

/** Builds the maps of a set of indexes. Cost is linear in records and their provides. */
export function prepareIndexes(
  indexes: readonly RepositoryIndex[],
  dialect: SolverDialect = 'kiln',
): PreparedIndexes {
  const candidates = indexes.flatMap((index) =>
    index.records.map((record) => new PreparedCandidate(record, index, dialect)),
  );
  const byName = new Map<string, Candidate[]>();
  for (const candidate of candidates) append(byName, candidate.name, candidate);
  for (const candidate of candidates) {
    for (const provide of candidate.record.provides)
      append(byName, providedName(provide, dialect), candidate);
  }
  const byInstallIf = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    for (const term of candidate.record.installIf) append(byInstallIf, term, candidate);
  }
  let identities: ReadonlySet<string> | undefined;
  return {
    dialect,
    candidates,
    byName,
    byInstallIf,
    identities: () =>
      (identities ??= new Set(candidates.map(({ name, version }) => `${name}=${version}`))),
  };
}

/** Of the many candidates of an index a solve looks at few: what it asks of those is made then. */
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

/** As `splitAtom` says; nearly all are `NAME=VERSION`. */
function providedName(provide: string, dialect: SolverDialect): string {
  return /^[^@=><~]+=[^@=><~]+$/.test(provide)
    ? provide.slice(0, provide.indexOf('='))
    : splitAtom(provide, dialect).name;
}

function append(map: Map<string, Candidate[]>, name: string, candidate: Candidate): void {
  const list = map.get(name);
  if (list === undefined) map.set(name, [candidate]);
  else if (list.at(-1) !== candidate) list.push(candidate);
}
