export type { SolverDialect } from './atom.ts';
export type { Candidate, PreparedIndexes } from './prepared.ts';
export { prepareIndexes } from './prepared.ts';
export type { SolveOptions } from './solve.ts';
export { solve, unsolvedText } from './solve.ts';
export type { RepositoryIndex, Solution, Solve, Solved, Unsolved } from './types.ts';
