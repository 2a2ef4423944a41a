import { KilnError, compareBytes, sortUnique } from '@kiln/base';
import type { BinaryPackage, Relation } from '@kiln/deb822';

/** The packages of a seed by name, and who provides a virtual name among them. */
export class Closure {
  readonly #names: ReadonlySet<string>;
  readonly #providers: ReadonlyMap<string, string>;

  constructor(packages: readonly BinaryPackage[]) {
    this.#names = new Set(packages.map(({ name }) => name));
    const providers = new Map<string, string>();
    for (const one of [...packages].sort((a, b) => compareBytes(a.name, b.name))) {
      for (const name of one.provides.flatMap((relation) => relation.map((p) => p.name))) {
        if (!providers.has(name)) providers.set(name, one.name);
      }
    }
    this.#providers = providers;
  }

  /**
   * What a package needs, as names of packages of the seed, sorted: of each relation the first alternative that is
   * here, else the first one (bytewise first provider) that a package here provides. Versions go: the archive has
   * resolved them. Throws `SEED_DEPENDENCY_MISSING`.
   */
  dependsOf(one: BinaryPackage): string[] {
    const names = one.depends.map((relation) => this.#choose(one, relation));
    return sortUnique(names.filter((name) => name !== one.name));
  }

  /** The virtual names a package provides, sorted, without those that packages here really have. */
  providesOf(one: BinaryPackage): string[] {
    const names = one.provides.flatMap((relation) => relation.map(({ name }) => name));
    return sortUnique(names.filter((name) => !this.#names.has(name)));
  }

  #choose(one: BinaryPackage, relation: Relation): string {
    const real = relation.find(({ name }) => this.#names.has(name))?.name;
    if (real !== undefined) return real;
    for (const { name } of relation) {
      const provider = this.#providers.get(name);
      if (provider !== undefined) return provider;
    }
    const wanted = relation.map(({ name }) => name).join(' | ');
    throw new KilnError(
      'SEED_DEPENDENCY_MISSING',
      `${one.name} needs ${wanted}, which is not there`,
      {
        hint: 'the list of packages is not a closure: resolve it again',
      },
    );
  }
}
