import type { Candidate, PreparedIndexes } from './prepared.ts';

/**
 * Packages that ask to be installed beside these members: those of which every `install_if` term names a member, or a
 * member and its version. Looked up by member name, or by `name=version` when no package is registered under the name.
 */
export function installedIf(prepared: PreparedIndexes, members: readonly Candidate[]): Candidate[] {
  const present = new Map(members.map((member) => [member.name, member]));
  const found = new Map<string, Candidate>();
  for (const member of members) {
    const registered =
      prepared.byInstallIf(member.name) ??
      prepared.byInstallIf(`${member.name}=${member.version}`) ??
      [];
    for (const candidate of registered) {
      const isWanted = candidate.record.installIf.every((term) => isPresent(present, term));
      if (isWanted && !present.has(candidate.name) && !found.has(candidate.name))
        found.set(candidate.name, candidate);
    }
  }
  return [...found.values()];
}

function isPresent(present: ReadonlyMap<string, Candidate>, term: string): boolean {
  if (present.has(term)) return true;
  const equals = term.indexOf('=');
  return equals > 0 && present.get(term.slice(0, equals))?.version === term.slice(equals + 1);
}
