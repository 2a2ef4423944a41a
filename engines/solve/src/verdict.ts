import type { Candidate } from './prepared.ts';
import { accepts, carries } from './solver-state.ts';
import type { SolverState } from './solver-state.ts';

/**
 * What is wrong with a chosen set, one line each: a dependency or world entry that nothing in the set meets, a conflict
 * (`!name`) with something in the set, a versioned provide that two packages hold, a package of a tagged repository that
 * the world does not ask for by that tag (a lock of names and versions could not be solved again).
 */
export function contradictions(
  state: SolverState,
  packages: readonly Candidate[],
  world: readonly string[],
): string[] {
  const byName = new Map<string, Candidate[]>();
  for (const candidate of packages) {
    for (const name of new Set([
      candidate.name,
      ...candidate.provides.map((provide) => provide.name),
    ])) {
      const named = byName.get(name);
      if (named === undefined) byName.set(name, [candidate]);
      else named.push(candidate);
    }
  }
  const check = (text: string, by: Candidate | undefined): string[] => {
    const line = text.startsWith('!')
      ? conflict(state, byName, text, by)
      : unmet(state, byName, text, by);
    return line === undefined ? [] : [line];
  };
  return [
    ...world.flatMap((text) => check(text, undefined)),
    ...packages.flatMap((candidate) =>
      candidate.record.depends.flatMap((text) => check(text, candidate)),
    ),
    ...sharedProvides(state, byName),
    ...unaskedTags(state, packages, world),
  ];
}

function unmet(
  state: SolverState,
  byName: ReadonlyMap<string, readonly Candidate[]>,
  text: string,
  by: Candidate | undefined,
): string | undefined {
  const atom = state.atom(text);
  const providers = byName.get(atom.name) ?? [];
  state.spend(providers.length);
  if (atom.version !== '') state.spendOnProvides(providers);
  if (providers.some((provider) => provider === by || accepts(provider, atom))) return undefined;
  const present = providers.map((provider) => provider.file).join(', ');
  const instead = present === '' ? 'which is not chosen' : `but ${present} is chosen`;
  return `${by?.file ?? 'the world'} needs "${text}" ${instead}`;
}

function conflict(
  state: SolverState,
  byName: ReadonlyMap<string, readonly Candidate[]>,
  text: string,
  by: Candidate | undefined,
): string | undefined {
  const atom = state.atom(text.slice(1));
  const providers = byName.get(atom.name) ?? [];
  state.spend(providers.length);
  if (atom.version !== '') state.spendOnProvides(providers);
  const hit = providers.find(
    (candidate) => candidate !== by && (atom.version === '' || carries(candidate, atom)),
  );
  return hit && `${by?.file ?? 'the world'} excludes "${atom.text}" but ${hit.file} is chosen`;
}

function sharedProvides(
  state: SolverState,
  byName: ReadonlyMap<string, readonly Candidate[]>,
): string[] {
  return [...byName].flatMap(([name, candidates]) => {
    if (candidates.length < 2) return [];
    state.spendOnProvides(candidates);
    const holders = candidates.filter(
      (candidate) =>
        candidate.name === name ||
        candidate.provides.some((p) => p.name === name && p.version !== ''),
    );
    const [first, second] = holders;
    if (first === undefined || second === undefined) return [];
    return [`${first.file} and ${second.file} both provide "${name}"`];
  });
}

function unaskedTags(
  state: SolverState,
  packages: readonly Candidate[],
  world: readonly string[],
): string[] {
  const asked = new Set(
    world.map((text) => {
      const { name, pin } = state.atom(text);
      return `${name}@${pin}`;
    }),
  );
  return packages
    .filter(({ tag }) => tag !== '')
    .filter(({ name, tag, provides }) =>
      [name, ...provides.map((provide) => provide.name)].every(
        (known) => !asked.has(`${known}@${tag}`),
      ),
    )
    .map(
      ({ name, tag, file }) =>
        `${file} comes from @${tag}, but the world does not ask for ${name}@${tag}`,
    );
}
