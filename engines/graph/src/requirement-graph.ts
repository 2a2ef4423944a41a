import { KilnError, compareBytes, firstIndex } from '@kiln/base';
import type { Candidate, RepositoryIndex } from '@kiln/solve/candidates';
import { defaultGraphLimits, refuseMore, type GraphLimits } from './limits.ts';
import { Providers, type Provider } from './providers.ts';
import type { RecipeNode } from './recipe-node.ts';

/** An atom for which there is no provider, and who wants it. */
export interface OpenAtom {
  readonly atom: string;
  readonly recipe: string;
  /** `build` and `test` mean an environment of the recipe, `runtime` one of its packages. */
  readonly kind: 'build' | 'runtime' | 'test';
  /** The package that wants it at run time, otherwise "". */
  readonly package: string;
  /** The vertex of that environment or package. */
  readonly vertex: number;
}

export interface RequirementGraphOptions {
  readonly indexes?: readonly RepositoryIndex[];
  readonly limits?: Partial<GraphLimits>;
}

export type VertexKind = 'build' | 'test' | 'package';

/**
 * What a tree of recipes needs, in one graph. There are three kinds of vertices: the build of a recipe needs packages (the
 * atoms of its environment), an installed package needs packages (its run-time atoms) and, when it is of the tree, the build
 * that makes it; the tests of a recipe need packages and its build, and nothing needs them. So a build waits for whatever it
 * reaches, a cycle through a build is one that somebody has to break, and one among packages alone is harmless. Vertices are
 * numbered: the builds in byte order of their recipes, their tests, the packages of the tree, published ones that something
 * needs. Atoms with `!` are no needs.
 */
export class RequirementGraph {
  readonly recipes: readonly RecipeNode[];
  readonly providers: Providers;
  readonly open: readonly OpenAtom[];
  /** The arcs of the vertex `v` are those from `starts[v]` to before `starts[v + 1]`. */
  readonly starts: Int32Array;
  /** What each arc leads to. */
  readonly targets: Int32Array;
  /** The atom of each arc; "" where something needs the build that makes it. */
  readonly atoms: readonly string[];
  readonly #packages: readonly Candidate[];
  readonly #recipeNumbers: ReadonlyMap<string, number>;

  /** Throws `GRAPH_RECIPE_TWICE` for two recipes of one name, and `GRAPH_TOO_LARGE`. */
  constructor(nodes: readonly RecipeNode[], options: RequirementGraphOptions = {}) {
    const limits = { ...defaultGraphLimits, ...options.limits };
    const indexes = options.indexes ?? [];
    refuseMore(nodes.length, limits.recipesMax, 'recipes');
    const size = (count: number, list: { readonly length: number }): number => count + list.length;
    const packages = nodes.map((node) => node.packages).reduce(size, 0);
    const records = indexes.map((index) => index.records).reduce(size, 0);
    refuseMore(packages + records, limits.packagesMax, 'packages');
    this.recipes = [...nodes].sort((a, b) => compareBytes(a.name, b.name));
    this.#recipeNumbers = new Map(this.recipes.map(({ name }, number) => [name, number]));
    refuseTwice(this.recipes);
    this.providers = new Providers(this.recipes, indexes);
    const arcs = new ArcWriter(this.recipes, this.providers, limits.edgesMax);
    arcs.write();
    this.open = arcs.open;
    this.starts = Int32Array.from(arcs.starts);
    this.targets = Int32Array.from(arcs.targets);
    this.atoms = arcs.atoms;
    this.#packages = arcs.packages;
  }

  get vertexCount(): number {
    return this.starts.length - 1;
  }

  get arcCount(): number {
    return this.targets.length;
  }

  kindOf(vertex: number): VertexKind {
    if (vertex < this.recipes.length) return 'build';
    return vertex < 2 * this.recipes.length ? 'test' : 'package';
  }

  /** The number of a recipe, which is the vertex of its build. */
  recipeNumber(name: string): number | undefined {
    return this.#recipeNumbers.get(name);
  }

  /** The vertex of the tests of a recipe. */
  testVertex(recipe: number): number {
    return this.recipes.length + recipe;
  }

  /** The package of a vertex of that kind. */
  packageAt(vertex: number): Candidate | undefined {
    return this.#packages[vertex - 2 * this.recipes.length];
  }

  /** The recipe whose build or tests a vertex is, or that makes its package; undefined for a published package. */
  recipeAt(vertex: number): RecipeNode | undefined {
    if (vertex < 2 * this.recipes.length) return this.recipes[vertex % this.recipes.length];
    const one = this.packageAt(vertex);
    return one && this.recipes[this.providers.recipeOf(one)];
  }

  /** Whether all packages of a recipe are published at its version. */
  isPublished({ packages, version }: RecipeNode): boolean {
    return packages.every(({ name }) => this.providers.isPublished(name, version));
  }

  /** The vertex an arc leads away from. */
  sourceOf(arc: number): number {
    return firstIndex(this.vertexCount, (vertex) => (this.starts[vertex] ?? 0) <= arc) - 1;
  }
}

function refuseTwice(sorted: readonly RecipeNode[]): void {
  sorted.forEach((node, index) => {
    const before = sorted[index - 1];
    if (before?.name !== node.name) return;
    throw new KilnError(
      'GRAPH_RECIPE_TWICE',
      `${before.file} and ${node.file} are both recipes of "${node.name}"`,
      { hint: 'leave one of them out' },
    );
  });
}

/** Resolves the atoms of every vertex once; a published package becomes a vertex when something needs it. */
class ArcWriter {
  readonly starts: number[] = [];
  readonly targets: number[] = [];
  readonly atoms: string[] = [];
  readonly open: OpenAtom[] = [];
  readonly packages: Candidate[];
  readonly #recipes: readonly RecipeNode[];
  readonly #providers: Providers;
  readonly #vertices: Map<Candidate, number>;
  readonly #arcsMax: number;

  constructor(recipes: readonly RecipeNode[], providers: Providers, arcsMax: number) {
    this.#recipes = recipes;
    this.#providers = providers;
    this.#arcsMax = arcsMax;
    this.packages = [...providers.packages];
    this.#vertices = new Map(this.packages.map((one, index) => [one, 2 * recipes.length + index]));
  }

  write(): void {
    this.#recipes.forEach(({ name, build }, recipe) => {
      const find = (atom: string): Provider | undefined => this.#providers.forBuild(atom, recipe);
      this.#vertex(build, find, { recipe: name, kind: 'build', package: '' });
    });
    this.#recipes.forEach(({ name, test }, recipe) => {
      const find = (atom: string): Provider | undefined => this.#providers.forPackage(atom);
      this.#vertex(test, find, { recipe: name, kind: 'test', package: '' });
      this.#arc(recipe, '');
    });
    this.#providers.packages.forEach((one, index) => this.#treePackage(one, index));
    for (let at = this.#providers.packages.length; at < this.packages.length; at++) {
      const { record } = this.packages[at] as Candidate;
      this.#vertex(record.depends, (atom) => this.#providers.forPublished(atom), undefined);
    }
    this.starts.push(this.targets.length);
  }

  #treePackage(one: Candidate, index: number): void {
    const recipe = this.#providers.recipeOf(one);
    this.#vertex(this.#providers.runtime[index] ?? [], (atom) => this.#providers.forPackage(atom), {
      recipe: this.#recipes[recipe]?.name ?? '',
      kind: 'runtime',
      package: one.name,
    });
    this.#arc(recipe, '');
  }

  /** `wanted` says for whom an atom is open; what a published package lacks is not this tree's affair. */
  #vertex(
    atoms: readonly string[],
    find: (atom: string) => Provider | undefined,
    wanted: Omit<OpenAtom, 'atom' | 'vertex'> | undefined,
  ): void {
    const vertex = this.starts.push(this.targets.length) - 1;
    for (const atom of atoms) {
      if (atom.startsWith('!')) continue;
      const provider = find(atom);
      if (provider !== undefined) this.#arc(this.#vertexOf(provider.candidate), atom);
      else if (wanted !== undefined) this.open.push({ atom, vertex, ...wanted });
    }
  }

  #arc(to: number, atom: string): void {
    refuseMore(this.targets.length + 1, this.#arcsMax, 'atoms');
    this.targets.push(to);
    this.atoms.push(atom);
  }

  #vertexOf(candidate: Candidate): number {
    const known = this.#vertices.get(candidate);
    if (known !== undefined) return known;
    const vertex = 2 * this.#recipes.length + this.packages.length;
    this.packages.push(candidate);
    this.#vertices.set(candidate, vertex);
    return vertex;
  }
}
