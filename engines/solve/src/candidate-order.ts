import { compareBytes } from '@kiln/base';
import type { SolverDialect } from './atom.ts';
import type { Chosen } from './chosen.ts';
import type { Candidate } from './prepared.ts';
import { preferredVersion } from './versions.ts';

/** What a choice among candidates depends on besides the candidates. */
export interface Preference {
  /** The name being resolved. */
  readonly name: string;
  /** The repository tag to prefer; "" prefers repositories without one. */
  readonly pin: string;
  /** Packages already chosen; default none. */
  readonly chosen?: Pick<Chosen, 'get' | 'versionOf'>;
  /** Whose rules count; Kiln's by default. */
  readonly dialect?: SolverDialect;
}

interface Ranked {
  readonly candidate: Candidate;
  readonly isExisting: boolean;
  readonly isOriginPresent: boolean;
  readonly isPinned: boolean;
  /** The version carried for the requested name, "" when it is provided without one. */
  readonly carried: string;
  readonly dialect: SolverDialect;
}

/**
 * The best candidate. Comparing pairwise is not transitive (a provide without a version is compared by package version,
 * others by the provided one), so the winner is found in fixed rounds: among the versions of one package, then among
 * packages, separately for those that carry a version for the name and those that do not, then between the two. A
 * candidate that beats every other wins in any such scheme, and the result does not depend on the order of the list
 * except between equal packages of two repositories, where the earlier one wins. apko goes over the list once, in its order.
 */
export function bestCandidate(
  candidates: readonly Candidate[],
  preference: Preference,
): Candidate | undefined {
  if (candidates.length < 2) return candidates[0];
  const ranked = candidates.map((candidate) => rank(candidate, preference));
  if (preference.dialect === 'apko') return best(ranked)[0]?.candidate;
  const rounds = [ranked.filter((r) => r.carried !== ''), ranked.filter((r) => r.carried === '')];
  const winners = rounds.flatMap((round) => {
    const byName = Map.groupBy(round, (r) => r.candidate.name);
    return best([...byName.values()].flatMap(best));
  });
  return best(winners)[0]?.candidate;
}

function best(ranked: readonly Ranked[]): Ranked[] {
  const [first, ...rest] = ranked;
  if (first === undefined) return [];
  return [rest.reduce((winner, next) => (compare(next, winner) < 0 ? next : winner), first)];
}

function rank(candidate: Candidate, preference: Preference): Ranked {
  const { record } = candidate;
  return {
    candidate,
    isExisting: preference.chosen?.get(candidate.name)?.version === candidate.version,
    isOriginPresent:
      record.origin !== '' && preference.chosen?.versionOf(record.origin) === candidate.version,
    isPinned: candidate.tag === preference.pin,
    carried: carriedVersion(candidate, preference.name),
    dialect: preference.dialect ?? 'kiln',
  };
}

function carriedVersion(candidate: Candidate, name: string): string {
  if (candidate.name === name) return candidate.version;
  return candidate.provides.find((provide) => provide.name === name)?.version ?? '';
}

/** Negative when `a` is better. */
function compare(a: Ranked, b: Ranked): number {
  const higherVersion = (left: string, right: string): number =>
    preferredVersion(left, right, a.dialect);
  return (
    better(a.isExisting, b.isExisting) ||
    better(a.isOriginPresent, b.isOriginPresent) ||
    better(a.isPinned, b.isPinned) ||
    (a.carried === '' || b.carried === '' ? 0 : higherVersion(a.carried, b.carried)) ||
    (a.candidate.name === b.candidate.name
      ? higherVersion(a.candidate.version, b.candidate.version)
      : 0) ||
    (b.candidate.record.providerPriority ?? 0) - (a.candidate.record.providerPriority ?? 0) ||
    higherVersion(a.candidate.version, b.candidate.version) ||
    compareBytes(a.candidate.name, b.candidate.name)
  );
}

function better(a: boolean, b: boolean): number {
  return Number(b) - Number(a);
}
