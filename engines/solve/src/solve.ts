import { bestCandidate } from './candidate-order.ts';
import { Chosen } from './chosen.ts';
import { DependencyWalk } from './dependency-walk.ts';
import { installedIf } from './install-if.ts';
import { prepareIndexes } from './prepared.ts';
import type { Candidate, PreparedIndexes } from './prepared.ts';
import { Dead, SolverState, withLink } from './solver-state.ts';
import type { RepositoryIndex, Solution, Unsolved } from './types.ts';
import { contradictions } from './verdict.ts';

export interface SolveOptions {
  /** Indexes of the other architectures of one image: what any of them lacks is not chosen. */
  readonly siblings?: readonly { readonly arch: string; readonly prepared: PreparedIndexes }[];
}

/**
 * Chooses packages for a world: greedy and without backtracking, as apko does, but with a total order of candidates,
 * so that equal inputs give equal lists. The world is taken in the order given; a caller that wants apko's second
 * solve passes its sorted lock. With indexes of dialect `kiln` (the default) `!name` works in the world and a result
 * that does not satisfy every dependency or that breaks a conflict is refused instead of returned.
 * An `install_if` package is added without its dependencies in dialect `apko`, with them, and only where it goes with the rest, in
 * `kiln`.
 */
export function solve(
  indexes: readonly RepositoryIndex[] | PreparedIndexes,
  world: readonly string[],
  options: SolveOptions = {},
): Solution | Unsolved {
  const prepared = isPrepared(indexes) ? indexes : prepareIndexes(indexes);
  const { siblings = [] } = options;
  const newState = (): SolverState =>
    new SolverState(
      prepared,
      siblings.length === 0 ? undefined : (candidate) => lackingIn(siblings, candidate),
    );
  try {
    const packages =
      prepared.dialect === 'apko'
        ? install(newState(), world.flatMap(words), { when: 'early', made: [] })
        : installChecked(newState, world);
    return {
      kind: 'solved',
      packages: packages.map(({ record, repository, tag }) => ({ record, repository, tag })),
    };
  } catch (error) {
    if (!(error instanceof Dead)) throw error;
    const { chain, missing, reason } = error;
    return { kind: 'unsolved', chain, missing, reason };
  }
}

/** The chain of an `Unsolved` as one text of several lines. */
export function unsolvedText(unsolved: Unsolved): string {
  return unsolved.chain
    .map((link, i) =>
      i === unsolved.chain.length - 1 ? link : link + (/^solving .*:$/.test(link) ? ' ' : '\n'),
    )
    .join('');
}

/** apko writes its world down and reads it again, a word for an entry; white space is what Go takes for it. */
function words(entry: string): string[] {
  return entry.split(/(?:(?!\ufeff)[\s\u0085])+/).filter((word) => word !== '');
}

function isPrepared(
  indexes: readonly RepositoryIndex[] | PreparedIndexes,
): indexes is PreparedIndexes {
  return 'byName' in indexes;
}

/** Why a candidate cannot be had: an architecture that has no such package. */
function lackingIn(
  siblings: NonNullable<SolveOptions['siblings']>,
  { name, version, file }: Candidate,
): string | undefined {
  const lacking = siblings.find(({ prepared }) => !prepared.has(name, version));
  return lacking && `package "${file}" not available for arch "${lacking.arch}"`;
}

/** How packages are added that `install_if` asks for. */
interface Additions {
  /** With the entry whose dependencies ask for them, or after all else, as far as they go with it. */
  readonly when: 'early' | 'last';
  /** Those that were added. */
  readonly made: Candidate[];
}

/** What a world means by Kiln's rules. Where what is added early leads nowhere, it is added last. */
function installChecked(
  newState: () => SolverState,
  world: readonly string[],
): readonly Candidate[] {
  const attempt = (additions: Additions): readonly Candidate[] => {
    const state = newState();
    refuseUnknownTags(state, world);
    const packages = install(state, world, additions);
    refuseContradictions(state, packages, world);
    return packages;
  };
  const made: Candidate[] = [];
  try {
    return attempt({ when: 'early', made });
  } catch (error) {
    if (!(error instanceof Dead) || made.length === 0) throw error;
    return attempt({ when: 'last', made });
  }
}

function install(
  state: SolverState,
  world: readonly string[],
  additions: Additions,
): readonly Candidate[] {
  const { dialect } = state.prepared;
  const wanted = dialect === 'kiln' ? world.filter((text) => !text.startsWith('!')) : world;
  const chosen = chooseWorld(state, world, wanted);
  const installed = new Map<string, Candidate>();
  const add = (candidates: readonly Candidate[]): void => {
    for (const candidate of candidates) {
      if (!installed.has(candidate.name)) installed.set(candidate.name, candidate);
      if (chosen.get(candidate.name) === undefined) chosen.add(candidate);
    }
  };
  for (const text of wanted) {
    add(
      withLink(`solving "${text}" constraint:`, () =>
        entryWithDependencies(state, text, { chosen, additions }),
      ),
    );
  }
  if (dialect === 'apko') return [...installed.values()];
  const refuse = (more: readonly Candidate[]): void => {
    if (additions.when === 'early') return;
    const added = more.filter(({ name }) => !installed.has(name));
    state.spend(installed.size);
    refuseContradictions(state, [...installed.values(), ...added], world);
  };
  const tried = new Set<string>();
  const isLeft = (candidate: Candidate): boolean => {
    state.spend(1);
    return !tried.has(candidate.name) && isAddable(state, candidate);
  };
  for (;;) {
    const [extra] = installedIf(state, [...installed.values()], isLeft);
    if (extra === undefined) return [...installed.values()];
    tried.add(extra.name);
    add(extraWithDependencies(state, extra, { chosen, additions, refuse }));
  }
}

/** The first pass: a package for every entry of the world, the entry with the fewest candidates first. */
function chooseWorld(
  state: SolverState,
  world: readonly string[],
  wanted: readonly string[],
): Chosen {
  const byName = new Map<string, Candidate>();
  state.constrain(world);
  const countOf = optionCounts(state);
  let remaining = [...wanted];
  while (remaining.length > 0) {
    const next = fewestOptions(remaining, countOf);
    const best = withLink(`solving "${next}" constraint:`, () => bestForEntry(state, next));
    byName.set(best.name, best);
    remaining = remaining.filter((text) => text !== next);
    state.disqualifyConflicts(best);
  }
  const chosen = new Chosen();
  for (const candidate of byName.values()) chosen.add(candidate);
  return chosen;
}

/** How many options entries have, counted again when more candidates are ruled out. */
function optionCounts(state: SolverState): (text: string) => number {
  const counts = new Map<string, number>();
  let disqualifiedCount = 0;
  return (text) => {
    if (disqualifiedCount !== state.disqualifiedCount) counts.clear();
    disqualifiedCount = state.disqualifiedCount;
    const known = counts.get(text);
    if (known !== undefined) return known;
    const atom = state.atom(text);
    const count = state.options(atom, [atom.pin]).length;
    counts.set(text, count);
    return count;
  };
}

function fewestOptions(remaining: readonly string[], countOf: (text: string) => number): string {
  let next = remaining[0] ?? '';
  let least = Number.POSITIVE_INFINITY;
  for (const text of remaining) {
    const count = countOf(text);
    if (count >= least) continue;
    next = text;
    least = count;
  }
  return next;
}

function bestForEntry(state: SolverState, text: string): Candidate {
  const atom = state.atom(text);
  const best = bestCandidate(state.options(atom, [atom.pin]), {
    name: atom.name,
    pin: atom.pin,
    dialect: state.prepared.dialect,
  });
  if (best === undefined) throw state.deadEnd(atom);
  return best;
}

function entryWithDependencies(
  state: SolverState,
  text: string,
  context: { readonly chosen: Chosen; readonly additions: Additions },
): readonly Candidate[] {
  const entry = bestForEntry(state, text);
  const closure = unique(closureOf(state, entry, state.atom(text).pin, context.chosen));
  if (state.prepared.dialect === 'apko') return [...closure, ...installedIf(state, closure), entry];
  if (context.additions.when === 'last') return [...closure, entry];
  const extras = installedIf(state, closure, (one) => isAddable(state, one));
  return [
    ...closure,
    ...extras.flatMap((extra) => extraWithDependencies(state, extra, context)),
    entry,
  ];
}

/** Whether `install_if` may add a package: not one of a tagged repository, since nobody asks for it by that tag. */
function isAddable(state: SolverState, candidate: Candidate): boolean {
  return candidate.tag === '' && !state.isDisqualified(candidate);
}

/** An `install_if` package with its dependencies; nothing when it cannot be installed here, or where `refuse` throws. */
function extraWithDependencies(
  state: SolverState,
  extra: Candidate,
  {
    chosen,
    additions,
    refuse,
  }: {
    readonly chosen: Chosen;
    readonly additions: Additions;
    readonly refuse?: (added: readonly Candidate[]) => void;
  },
): readonly Candidate[] {
  if (state.isDisqualified(extra)) return [];
  const added = state.attempt(() => {
    const all = [...closureOf(state, extra, '', chosen), extra];
    refuse?.(all);
    return all;
  });
  if (added === undefined) return [];
  additions.made.push(extra);
  return added;
}

function closureOf(state: SolverState, root: Candidate, pin: string, chosen: Chosen): Candidate[] {
  return new DependencyWalk(state, chosen).closure(root, pin);
}

function unique(candidates: readonly Candidate[]): Candidate[] {
  const byName = new Map<string, Candidate>();
  for (const candidate of candidates)
    if (!byName.has(candidate.name)) byName.set(candidate.name, candidate);
  return [...byName.values()];
}

/** apko takes an entry of an unknown tag for one without. */
function refuseUnknownTags(state: SolverState, world: readonly string[]): void {
  for (const text of world) {
    const { pin } = state.atom(text.replace(/^!/, ''));
    if (pin !== '' && !state.prepared.hasTag(pin))
      throw new Dead([`no repository has the tag of "${text}"`], 'tag');
  }
}

function refuseContradictions(
  state: SolverState,
  packages: readonly Candidate[],
  world: readonly string[],
): void {
  const found = contradictions(state, packages, world);
  if (found.length > 0) throw new Dead(found, 'conflict');
}
