import { splitAtom } from './atom.ts';
import type { SolverDialect } from './atom.ts';
import { bestCandidate } from './candidate-order.ts';
import type { Candidate } from './prepared.ts';
import type { SolverState } from './solver-state.ts';

/**
 * Packages that ask to be installed beside these members: those of which every `install_if` term names a member, or a
 * member and its version. Looked up by member name, or by `name=version` when no package is registered under the name. Of several
 * of one name it is the best that `isAllowed`. To apko it is the first, which is a member from then on, and the operator of a
 * term means nothing.
 */
export function installedIf(
  state: SolverState,
  members: readonly Candidate[],
  isAllowed: (candidate: Candidate) => boolean = () => true,
): Candidate[] {
  const { prepared } = state;
  const { dialect } = prepared;
  const present = new Map(members.map((member) => [member.name, member]));
  const found = new Map<string, Candidate[]>();
  const pending = [...members];
  // A list grows while it is iterated.
  for (const member of pending) {
    const registered =
      prepared.byInstallIf(member.name) ??
      prepared.byInstallIf(`${member.name}=${member.version}`) ??
      [];
    for (const candidate of registered) {
      state.spend(candidate.record.installIf.length);
      const isWanted = candidate.record.installIf.every((term) =>
        isPresent(present, term, dialect),
      );
      if (!isWanted || present.has(candidate.name) || !isAllowed(candidate)) continue;
      const others = found.get(candidate.name);
      if (others === undefined) found.set(candidate.name, [candidate]);
      else others.push(candidate);
      if (dialect === 'kiln') continue;
      present.set(candidate.name, candidate);
      pending.push(candidate);
    }
  }
  return [...found].flatMap(
    ([name, candidates]) => bestCandidate(candidates, { name, pin: '', dialect }) ?? [],
  );
}

function isPresent(
  present: ReadonlyMap<string, Candidate>,
  term: string,
  dialect: SolverDialect,
): boolean {
  if (present.has(term)) return true;
  const { name, operator, version } = splitAtom(term, dialect);
  if (dialect === 'kiln' && operator !== '=') return false;
  return present.get(name)?.version === version;
}
