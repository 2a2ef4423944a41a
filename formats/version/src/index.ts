export type { ApkoConstraint } from './apko.ts';
export { compareVersionsApko, isVersionApko, parseConstraintApko, satisfiesApko } from './apko.ts';
export type { Atom, Constraint, Operator } from './atom.ts';
export { parseAtom, satisfies } from './atom.ts';
export type { Ordering } from './compare.ts';
export { compareVersions, matchesFuzzily } from './compare.ts';
export type { Version } from './version.ts';
export { isVersion, parseVersion, splitNameVersion } from './version.ts';
