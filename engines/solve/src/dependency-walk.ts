import { isVersionApko } from '@kiln/version';
import type { Atom } from './atom.ts';
import { bestCandidate } from './candidate-order.ts';
import { Chosen } from './chosen.ts';
import type { Candidate } from './prepared.ts';
import { Dead, accepts, withLink } from './solver-state.ts';
import type { SolverState } from './solver-state.ts';
import { isVersionSatisfied } from './versions.ts';

/** Deepest chain of dependencies that is followed: what the stack has room for, twice. */
export const depthMax = 500;

interface Choice {
  readonly text: string;
  readonly atom: Atom;
  readonly options: readonly Candidate[];
}

/** A package whose dependencies are sought. */
interface Asking {
  readonly parent: Candidate;
  /** What it provides: the names, and the texts as they are written. */
  readonly own: ReadonlySet<string>;
}

/** Walks the dependencies of one world entry. */
export class DependencyWalk {
  readonly #state: SolverState;
  readonly #chosen: Chosen;
  readonly #parents = new Set<string>();

  /** What it chooses does not become part of `chosen`. */
  constructor(state: SolverState, chosen: Chosen) {
    this.#state = state;
    this.#chosen = new Chosen(chosen);
  }

  /**
   * The closure of a package without itself, dependencies first; names may repeat. All of them may come
   * from the repository tagged `pin`, and do where no untagged one has what is needed.
   */
  closure(parent: Candidate, pin: string): Candidate[] {
    if (this.#parents.has(parent.name)) return [];
    if (this.#parents.size >= depthMax)
      throw new Dead([`dependencies nest deeper than ${depthMax}`], 'other');
    this.#parents.add(parent.name);
    const closure = withLink(`resolving "${parent.file}" deps:`, () => this.#children(parent, pin));
    this.#parents.delete(parent.name);
    return closure;
  }

  #children(parent: Candidate, pin: string): Candidate[] {
    const closure: Candidate[] = [];
    let remaining = [...parent.record.depends];
    const own = new Set(parent.provides.flatMap(({ name, text }) => [name, text]));
    this.#state.constrain(remaining, parent);
    while (remaining.length > 0) {
      const choices = this.#choices({ parent, own }, pin, remaining);
      const next = fewest(choices);
      if (next === undefined) break;
      withLink(`solving "${next.text}" constraint:`, () =>
        this.#take(parent, next, { pin, closure }),
      );
      remaining = choices
        .filter((choice) => choice !== next && choice.text !== next.text)
        .map(({ text }) => text);
    }
    return closure;
  }

  #take(
    parent: Candidate,
    choice: Choice,
    { pin, closure }: { readonly pin: string; readonly closure: Candidate[] },
  ): void {
    if (choice.options.length > 1) this.#state.spendOnProvides(choice.options);
    const best = bestCandidate(choice.options, {
      name: choice.atom.name,
      pin: '',
      chosen: this.#chosen,
      dialect: this.#state.prepared.dialect,
    });
    if (best === undefined) throw this.#state.deadEnd(choice.atom);
    this.#state.disqualifyConflicts(best);
    this.#state.pick(parent);
    const below = this.closure(best, pin);
    closure.push(...below, best);
    for (const candidate of below) this.#chosen.add(candidate);
  }

  /** The dependencies that still need a package, each with its options. */
  #choices(by: Asking, pin: string, texts: readonly string[]): Choice[] {
    const choices: Choice[] = [];
    this.#state.spend(texts.length);
    for (const text of texts) {
      if (text.startsWith('!')) continue;
      const atom = this.#state.atom(text);
      if (isMetBy(by, atom) || this.#isSelected(atom)) continue;
      const options = this.#state.options(atom, [pin], this.#chosen.get(atom.name));
      if (options.length === 0)
        throw this.#state.deadEnd(atom).after(`solving "${text}" constraint:`);
      choices.push({ text, atom, options });
    }
    return choices;
  }

  #isSelected(atom: Atom): boolean {
    const picked = this.#state.selected(atom.name);
    if (picked === undefined) return false;
    if (atom.version === '') return true;
    this.#state.spendOnProvides([picked]);
    if (this.#isMetByPicked(picked, atom)) return true;
    throw new Dead(
      [
        `solving "${atom.text}" constraint:`,
        `we already selected "${picked.name}=${picked.version}" which conflicts with "${atom.text}"`,
      ],
      'conflict',
    );
  }

  #isMetByPicked(picked: Candidate, atom: Atom): boolean {
    if (this.#state.prepared.dialect === 'apko') return isMetByPickedApko(picked, atom);
    return isVersionSatisfied(picked.version, atom) || accepts(picked, atom);
  }
}

/**
 * apko compares with the operator of the provide instead of the dependency's, looks at provides until one fits, and meets nothing
 * where it cannot read a version that it looks at.
 */
function isMetByPickedApko(picked: Candidate, atom: Atom): boolean {
  if (!isVersionApko(picked.version) || !isVersionApko(atom.version)) return false;
  for (const { name, version, operator } of picked.provides) {
    if (name !== atom.name || version === '') continue;
    if (!isVersionApko(version)) return false;
    if (isVersionSatisfied(version, { ...atom, operator })) return true;
  }
  return isVersionSatisfied(picked.version, atom);
}

/** Whether a package fulfils its own dependency. */
function isMetBy({ parent, own }: Asking, atom: Atom): boolean {
  if (own.has(atom.name) || own.has(atom.text)) return true;
  if (parent.name !== atom.name || !isVersionSatisfied(parent.version, atom)) return false;
  return atom.dialect === 'kiln' || isVersionApko(parent.version);
}

function fewest(choices: readonly Choice[]): Choice | undefined {
  const [first, ...rest] = choices;
  if (first === undefined) return undefined;
  return rest.reduce((least, next) => {
    if (next.options.length !== least.options.length)
      return next.options.length < least.options.length ? next : least;
    return Buffer.compare(Buffer.from(next.text), Buffer.from(least.text)) < 0 ? next : least;
  }, first);
}
