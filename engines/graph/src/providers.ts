import { emptyRecord } from '@kiln/apk';
import type { IndexRecord } from '@kiln/apk';
import { bestCandidate, carries, prepareIndexes, splitAtom } from '@kiln/solve/candidates';
import type { Candidate, PreparedIndexes, RepositoryIndex } from '@kiln/solve/candidates';
import { compareVersions } from '@kiln/version';
import type { RecipeNode, RecipePackage } from './recipe-node.ts';

/** What gives an atom: a package that a recipe of the tree makes, or one that is published already. */
export type Provider =
  | { readonly kind: 'recipe'; readonly recipe: number; readonly candidate: Candidate }
  | { readonly kind: 'published'; readonly candidate: Candidate };

/** Provides and dependencies that a build generates; nothing but an index knows them before. */
const generated = /^(?:so|so-ver|pc|cmd):/;

/**
 * Chooses who gives an atom, by the order in which the solver ranks candidates (packages.md 19), with one rule before it:
 * a package of the tree goes before a published one, so that edges do not depend on what happens to be published. What is
 * published teaches what building adds to a package of that name: its `so:`, `pc:` and `cmd:`.
 */
export class Providers {
  readonly #tree: PreparedIndexes;
  readonly #published: PreparedIndexes;
  readonly #recipeOf = new Map<Candidate, number>();
  readonly #bestOfTree = new Map<string, Candidate | undefined>();
  readonly #bestPublished = new Map<string, Candidate | undefined>();
  /** Run-time atoms of each package of the tree, in the order of `packages`. */
  readonly runtime: readonly (readonly string[])[];
  /** The packages of the tree, by recipe. */
  readonly packages: readonly Candidate[];

  constructor(nodes: readonly RecipeNode[], indexes: readonly RepositoryIndex[]) {
    this.#published = prepareIndexes(indexes);
    const made = nodes.flatMap((node, recipe) =>
      node.packages.map((one) => ({ recipe, ...this.#expected(node, one) })),
    );
    this.#tree = prepareIndexes([
      { repository: '', tag: '', records: made.map(({ record }) => record) },
    ]);
    this.packages = this.#tree.candidates();
    this.runtime = made.map(({ record }) => record.depends);
    this.packages.forEach((candidate, index) =>
      this.#recipeOf.set(candidate, made[index]?.recipe ?? -1),
    );
  }

  /** The recipe of a package of the tree. */
  recipeOf(candidate: Candidate): number {
    return this.#recipeOf.get(candidate) ?? -1;
  }

  /** Who gives an atom to the build of a recipe. It gets what it makes itself from what is published, or from nowhere. */
  forBuild(text: string, recipe: number): Provider | undefined {
    const best = this.#treeBest(text);
    if (best === undefined || this.recipeOf(best) !== recipe) return this.forPackage(text);
    const others = [
      ...this.#options(this.#tree, text).filter((one) => this.recipeOf(one) !== recipe),
      ...this.#options(this.#published, text),
    ];
    return this.#provider(choose(text, others) ?? best);
  }

  /** Who gives an atom at run time to a package of the tree. */
  forPackage(text: string): Provider | undefined {
    return this.#provider(this.#treeBest(text) ?? this.published(text));
  }

  /** Who gives an atom at run time to a published package: it was published together with what it needs. */
  forPublished(text: string): Provider | undefined {
    return this.#provider(this.published(text) ?? this.#treeBest(text));
  }

  /** The published package that gives an atom. */
  published(text: string): Candidate | undefined {
    return this.#best(this.#bestPublished, this.#published, text);
  }

  isPublished(name: string, version: string): boolean {
    return this.#published.has(name, version);
  }

  #provider(candidate: Candidate | undefined): Provider | undefined {
    if (candidate === undefined) return undefined;
    const recipe = this.#recipeOf.get(candidate);
    return recipe === undefined
      ? { kind: 'published', candidate }
      : { kind: 'recipe', recipe, candidate };
  }

  #treeBest(text: string): Candidate | undefined {
    return this.#best(this.#bestOfTree, this.#tree, text);
  }

  #best(
    memo: Map<string, Candidate | undefined>,
    prepared: PreparedIndexes,
    text: string,
  ): Candidate | undefined {
    const known = memo.get(text);
    if (known !== undefined || memo.has(text)) return known;
    const best = choose(text, this.#options(prepared, text));
    memo.set(text, best);
    return best;
  }

  #options(prepared: PreparedIndexes, text: string): readonly Candidate[] {
    const atom = splitAtom(text, 'kiln');
    return prepared
      .byName(atom.name)
      .filter(
        (candidate) =>
          (candidate.tag === '' || candidate.tag === atom.pin) &&
          (atom.operator === 'any' || carries(candidate, atom)),
      );
  }

  /** A package as an index will describe it, as far as that is known. */
  #expected(node: RecipeNode, one: RecipePackage): { readonly record: IndexRecord } {
    const published = this.#newest(one.name);
    const declared = new Set(one.provides.map(nameOf));
    const learnt = (atoms: readonly string[]): readonly string[] =>
      atoms.filter((atom) => generated.test(atom));
    const record: IndexRecord = {
      ...emptyRecord,
      name: one.name,
      version: node.version,
      origin: node.name,
      provides: [
        ...one.provides,
        ...learnt(published?.provides ?? []).filter((atom) => !declared.has(nameOf(atom))),
      ],
      depends: [...new Set([...one.runtime, ...learnt(published?.depends ?? [])])],
      providerPriority: one.providerPriority,
    };
    return { record };
  }

  #newest(name: string): IndexRecord | undefined {
    const named = this.#published.byName(name).filter((one) => one.name === name);
    return named.reduce<Candidate | undefined>(
      (newest, one) =>
        newest === undefined || compareVersions(one.version, newest.version) > 0 ? one : newest,
      undefined,
    )?.record;
  }
}

function choose(text: string, options: readonly Candidate[]): Candidate | undefined {
  const { name, pin } = splitAtom(text, 'kiln');
  return bestCandidate(options, { name, pin });
}

function nameOf(atom: string): string {
  return splitAtom(atom, 'kiln').name;
}
