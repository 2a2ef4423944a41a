/** Who gives an atom, and who is best: what the solver does for one name, without solving. Loads no schemas. */
export type { Atom } from './atom.ts';
export { splitAtom } from './atom.ts';
export type { Preference } from './candidate-order.ts';
export { bestCandidate } from './candidate-order.ts';
export type { Candidate, PreparedIndexes } from './prepared.ts';
export { prepareIndexes } from './prepared.ts';
export { carries } from './solver-state.ts';
export type { RepositoryIndex } from './types.ts';
