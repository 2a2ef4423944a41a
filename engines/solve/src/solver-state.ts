import { isVersionApko } from '@kiln/version';
import { splitAtom } from './atom.ts';
import type { Atom } from './atom.ts';
import type { Candidate, PreparedIndexes } from './prepared.ts';
import type { UnsolvedReason } from './types.ts';
import { isVersionSatisfied } from './versions.ts';

/** Thrown inside the solver to leave it; `solve` turns it into an `Unsolved` value. */
export class Dead extends Error {
  readonly chain: readonly string[];
  readonly reason: UnsolvedReason;
  readonly missing: readonly string[];

  constructor(chain: readonly string[], reason: UnsolvedReason, missing: readonly string[] = []) {
    super(chain.join(' '));
    this.chain = chain;
    this.reason = reason;
    this.missing = missing;
  }

  /** The same with one more link in front. */
  after(link: string): Dead {
    return new Dead([link, ...this.chain], this.reason, this.missing);
  }
}

/** Runs `work`; a dead end in it gets one more link in front of its chain. */
export function withLink<T>(link: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Dead) throw error.after(link);
    throw error;
  }
}

/** Why a candidate is ruled out. */
interface Disqualification {
  readonly text: string;
  readonly reason: UnsolvedReason;
}

/** Dependencies, candidates and what these provide, each as often as it is looked at. */
const looksMax = 10_000_000;

/** What one solve learns while it goes: disqualified candidates with the reason, and the names taken. */
export class SolverState {
  readonly prepared: PreparedIndexes;
  readonly #lacking: (candidate: Candidate) => string | undefined;
  #disqualified = new Map<Candidate, Disqualification>();
  /** Names that a chosen package holds exclusively. */
  #selected = new Map<string, Candidate>();
  readonly #atoms = new Map<string, Atom>();
  #looksLeft = looksMax;

  /** `lacking` is the reason why a candidate cannot be had whatever is learnt; undefined when it can. */
  constructor(
    prepared: PreparedIndexes,
    lacking: (candidate: Candidate) => string | undefined = () => undefined,
  ) {
    this.prepared = prepared;
    this.#lacking = lacking;
  }

  /** Runs `work`; when it ends in a dead end, everything learnt in it is forgotten and the result is undefined. */
  attempt<T>(work: () => T): T | undefined {
    const before = { disqualified: new Map(this.#disqualified), selected: new Map(this.#selected) };
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Dead)) throw error;
      this.#disqualified = before.disqualified;
      this.#selected = before.selected;
      return undefined;
    }
  }

  /** Fails when there is more than can be looked at in time. */
  spend(looks: number): void {
    this.#looksLeft -= looks;
    if (this.#looksLeft < 0)
      throw new Dead(['packages have too many dependencies or providers'], 'other');
  }

  /** Spends what it takes to go through all that candidates provide. */
  spendOnProvides(candidates: readonly Candidate[]): void {
    this.spend(candidates.reduce((looks, { record }) => looks + record.provides.length, 0));
  }

  /** Fails in dialect `kiln` for an operator that does not exist, which apko takes for any version. */
  atom(text: string): Atom {
    const known = this.#atoms.get(text);
    if (known !== undefined) return known;
    const atom = splitAtom(text, this.prepared.dialect);
    if (this.prepared.dialect === 'kiln' && atom.operator === 'any' && atom.version !== '')
      throw new Dead([`"${text}" compares versions in a way that is not known`], 'operator');
    this.#atoms.set(text, atom);
    return atom;
  }

  /** Those who have a name; what it takes to go through them is spent. */
  candidates(name: string): readonly Candidate[] {
    const candidates = this.prepared.byName(name);
    this.spend(candidates.length);
    return candidates;
  }

  /** Those of an atom's name, with what it takes to compare versions when the atom has one. */
  #comparable({ name, version }: Atom): readonly Candidate[] {
    const candidates = this.candidates(name);
    if (version !== '') this.spendOnProvides(candidates);
    return candidates;
  }

  selected(name: string): Candidate | undefined {
    return this.#selected.get(name);
  }

  /** Grows with every candidate that is ruled out; an `attempt` that fails sets it back. */
  get disqualifiedCount(): number {
    return this.#disqualified.size;
  }

  isDisqualified(candidate: Candidate): boolean {
    return this.#reason(candidate) !== undefined;
  }

  #reason(candidate: Candidate): Disqualification | undefined {
    const known = this.#disqualified.get(candidate);
    if (known !== undefined) return known;
    const text = this.#lacking(candidate);
    return text === undefined ? undefined : { text, reason: 'absent' };
  }

  /** Rules a candidate out; the first reason is kept. */
  #disqualify(candidate: Candidate, why: Disqualification): void {
    if (!this.isDisqualified(candidate)) this.#disqualified.set(candidate, why);
  }

  /** Rules out what contradicts these atoms, whoever provides them; `by` is whose they are, and absent for the world's. */
  constrain(texts: readonly string[], by?: Candidate): void {
    for (const text of texts) {
      if (text.startsWith('!')) this.#exclude(text, by);
      else this.#constrainVersion(this.atom(text));
    }
  }

  #exclude(text: string, by: Candidate | undefined): void {
    const atom = this.atom(text.slice(1));
    const whose =
      by === undefined || this.prepared.dialect === 'apko' ? '' : ` of ${by.name}-${by.version}`;
    for (const candidate of this.#comparable(atom)) {
      if (this.#isExcludedBy(candidate, atom))
        this.#disqualify(candidate, { text: `excluded by ${text}${whose}`, reason: 'conflict' });
    }
  }

  /** apko leaves alone what is tagged otherwise, and takes a versioned provide of any name for one of this name. */
  #isExcludedBy(candidate: Candidate, atom: Atom): boolean {
    if (this.prepared.dialect === 'kiln') return atom.version === '' || carries(candidate, atom);
    return (candidate.tag === '' || candidate.tag === atom.pin) && accepts(candidate, atom);
  }

  #constrainVersion(atom: Atom): void {
    if (atom.version === '') return;
    const candidates = this.#comparable(atom);
    if (candidates.length > 0 && !this.#isReadable(atom))
      throw new Dead([`the version of "${atom.text}" cannot be read`], 'version');
    for (const candidate of candidates) {
      if (this.isDisqualified(candidate)) continue;
      const text = contradiction(candidate, atom);
      if (text !== undefined) this.#disqualified.set(candidate, { text, reason: 'version' });
    }
  }

  /** apko refuses a version that it cannot read, where it is to be compared. */
  #isReadable({ operator, version }: Atom): boolean {
    return this.prepared.dialect === 'kiln' || operator === 'any' || isVersionApko(version);
  }

  /** Rules out the other providers of what a chosen package provides exclusively. */
  disqualifyConflicts(chosen: Candidate): void {
    for (const provide of chosen.provides) {
      for (const other of this.candidates(provide.name)) {
        if (other === chosen || this.isDisqualified(other)) continue;
        if (provide.version === '' && !this.#holdsVersioned(other, provide.name)) continue;
        const text = `${chosen.file} already provides ${provide.name}`;
        this.#disqualified.set(other, { text, reason: 'conflict' });
      }
    }
  }

  /** Whether a candidate has a name at a version; of several provides of a name apko looks at the first. */
  #holdsVersioned(candidate: Candidate, name: string): boolean {
    if (candidate.name === name) return candidate.version !== '';
    this.spendOnProvides([candidate]);
    const provides = candidate.provides.filter((provide) => provide.name === name);
    return (this.prepared.dialect === 'apko' ? provides.slice(0, 1) : provides).some(
      ({ version }) => version !== '',
    );
  }

  /**
   * Takes the names of a package; fails when another package holds one of them. In dialect `apko` also when it provides its own
   * name, or one name at two versions; what was taken before is not looked at again.
   */
  pick(chosen: Candidate): void {
    const isApko = this.prepared.dialect === 'apko';
    if (isApko && this.#selected.get(chosen.name) === chosen) return;
    this.spendOnProvides([chosen]);
    const names = [{ name: chosen.name, isHeld: true }].concat(
      chosen.provides.map((provide) => ({ name: provide.name, isHeld: provide.version !== '' })),
    );
    for (const { name, isHeld } of names) {
      const holder = this.#selected.get(name);
      if (holder !== undefined && (isApko || holder !== chosen)) {
        throw new Dead(
          [`selecting package ${chosen.file} conflicts with ${holder.file} on "${name}"`],
          'conflict',
        );
      }
      if (isHeld) this.#selected.set(name, chosen);
    }
  }

  /** Candidates for an atom that are allowed: not ruled out, of an allowed repository, of a fitting version. */
  options(atom: Atom, allowedPins: readonly string[], existing?: Candidate): readonly Candidate[] {
    return this.#comparable(atom).filter(
      (candidate) =>
        !this.isDisqualified(candidate) &&
        (candidate.tag === '' ||
          allowedPins.includes(candidate.tag) ||
          isSamePackage(candidate, existing)) &&
        accepts(candidate, atom),
    );
  }

  /** Why an atom has no options. */
  deadEnd(atom: Atom): Dead {
    const candidates = this.candidates(atom.name);
    if (candidates.length === 0)
      return new Dead([`nothing provides "${atom.name}"`], 'absent', [atom.text]);
    const links = new Set<string>();
    const reasons = new Set<UnsolvedReason>();
    for (const candidate of candidates) {
      const why = this.#reason(candidate);
      if (why === undefined) continue;
      links.add(`  ${candidate.file} disqualified because ${why.text}`);
      reasons.add(why.reason);
    }
    if (links.size === 0) return new Dead(['not in indexes'], this.#notIndexed(atom));
    const [first = 'other'] = reasons;
    return new Dead([...links], reasons.has('conflict') ? 'conflict' : first);
  }

  /** Those of a fitting version are in repositories whose tag was not asked for. */
  #notIndexed(atom: Atom): UnsolvedReason {
    return this.candidates(atom.name).some((one) => accepts(one, atom)) ? 'tag' : 'version';
  }
}

function isSamePackage(a: Candidate, b: Candidate | undefined): boolean {
  return (
    b !== undefined && a.name === b.name && a.version === b.version && a.repository === b.repository
  );
}

/**
 * Whether a candidate meets an atom by its own version or by a versioned provide of any name. To apko one whose own version it
 * cannot read meets nothing.
 */
export function accepts(candidate: Candidate, atom: Atom): boolean {
  if (atom.operator === 'any') return true;
  if (atom.dialect === 'apko' && !isVersionApko(candidate.version)) return false;
  if (isVersionSatisfied(candidate.version, atom)) return true;
  return candidate.provides.some(
    (provide) => provide.version !== '' && isVersionSatisfied(provide.version, atom),
  );
}

/** Whether a candidate is or provides the atom's name at a fitting version. */
export function carries(candidate: Candidate, atom: Atom): boolean {
  if (candidate.name === atom.name && isVersionSatisfied(candidate.version, atom)) return true;
  return candidate.provides.some(
    (provide) =>
      provide.name === atom.name &&
      provide.version !== '' &&
      isVersionSatisfied(provide.version, atom),
  );
}

function contradiction(candidate: Candidate, atom: Atom): string | undefined {
  if (candidate.name === atom.name) {
    return isVersionSatisfied(candidate.version, atom)
      ? undefined
      : `"${candidate.version}" does not satisfy "${atom.text}"`;
  }
  const wrong = candidate.provides.find(
    (provide) =>
      provide.name === atom.name &&
      provide.version !== '' &&
      !isVersionSatisfied(provide.version, atom),
  );
  return (
    wrong && `"${candidate.file}" provides "${wrong.text}" which does not satisfy "${atom.text}"`
  );
}
