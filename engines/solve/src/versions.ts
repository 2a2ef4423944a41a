import {
  compareVersions,
  compareVersionsApko,
  isVersion,
  isVersionApko,
  satisfies,
  satisfiesApko,
} from '@kiln/version';
import type { Atom, SolverDialect } from './atom.ts';

/**
 * Negative when the version `a` is to be preferred to `b`: the higher one, by the rules of a dialect. What apko cannot read loses
 * to whatever it is compared with, the first of two such as well.
 */
export function preferredVersion(a: string, b: string, dialect: SolverDialect): number {
  if (a === b) return 0;
  if (dialect === 'kiln') return compareVersionTexts(b, a);
  if (!isVersionApko(a)) return 1;
  return compareVersionsApko(b, a) ?? -1;
}

/**
 * Orders two version texts as apko does: numbers by value, an absent revision is 0. Where apko cannot read one of them
 * but apk can (several suffixes, a hash), apk's order is used; what neither can read is the lowest.
 */
function compareVersionTexts(a: string, b: string): number {
  const order = compareVersionsApko(a, b);
  if (order !== undefined) return order;
  const isValid = [isVersion(a), isVersion(b)] as const;
  return isValid[0] && isValid[1] ? compareVersions(a, b) : Number(isValid[0]) - Number(isValid[1]);
}

/**
 * Whether a version meets an atom's operator, by apko's rules. Where apko cannot read a version, nothing is met in its dialect,
 * and apk's rules count in Kiln's.
 */
export function isVersionSatisfied(
  actual: string,
  atom: Pick<Atom, 'operator' | 'version' | 'dialect'>,
): boolean {
  const { operator, version, dialect } = atom;
  if (operator === 'any') return true;
  if (dialect === 'apko') return satisfiesApko(actual, operator, version);
  if (isVersionApko(version) && isVersionApko(actual))
    return satisfiesApko(actual, operator, version);
  return satisfies(actual, { operator, version });
}
