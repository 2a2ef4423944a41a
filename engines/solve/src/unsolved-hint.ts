import type { SolverDialect } from './atom.ts';
import type { Unsolved, UnsolvedReason } from './types.ts';

const hints: Readonly<Record<UnsolvedReason, string>> = {
  absent: 'check the name, or add a repository that has it',
  version: 'ask for a version that there is, or add a repository that has it',
  conflict: 'leave out one of those that do not go together, or ask for another version of it',
  tag: 'add a repository as "@TAG ADDRESS", and ask with @TAG for what is to come from there',
  operator: 'write one of =, <, <=, >, >= and ~',
  other: 'ask for less',
};

/** What a person can do about a world that has no solution; dialect `apko` says the same of all. */
export function unsolvedHint({ reason }: Unsolved, dialect: SolverDialect): string {
  return hints[dialect === 'apko' ? 'absent' : reason];
}
