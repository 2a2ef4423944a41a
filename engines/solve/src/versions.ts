import {
  compareVersions,
  compareVersionsApko,
  isVersion,
  isVersionApko,
  satisfies,
  satisfiesApko,
} from '@kiln/version';
import type { Atom } from './atom.ts';

/**
 * Orders two version texts as apko does: numbers by value, an absent revision is 0. Where apko cannot read one of them
 * but apk can (several suffixes, a hash), apk's order is used; what neither can read is the lowest.
 */
export function compareVersionTexts(a: string, b: string): number {
  const order = compareVersionsApko(a, b);
  if (order !== undefined) return order;
  const isValid = [isVersion(a), isVersion(b)] as const;
  return isValid[0] && isValid[1] ? compareVersions(a, b) : Number(isValid[0]) - Number(isValid[1]);
}

/** Whether a version meets an atom's operator, by apko's rules, or by apk's where apko cannot read a version. */
export function isVersionSatisfied(
  actual: string,
  atom: Pick<Atom, 'operator' | 'version'>,
): boolean {
  const { operator, version } = atom;
  if (operator === 'any') return true;
  if (isVersionApko(version) && isVersionApko(actual))
    return satisfiesApko(actual, operator, version);
  return satisfies(actual, { operator, version });
}
