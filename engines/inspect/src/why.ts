import type { InstalledPackage } from '@kiln/apk';
import { parseConstraintApko } from '@kiln/version';

/**
 * Why a package is there. asked: it was asked for; needed: the step before depends on it; added: where the step before and others
 * are, it comes along (`install_if`). The others are of a first step that nothing leads to from what was asked for. unneeded:
 * nothing else in the image needs it; unrecorded: nor does the image say what was asked for; cycle: it and others need each
 * other, and nothing else needs them.
 */
export type WhyKind = 'asked' | 'needed' | 'added' | 'unneeded' | 'unrecorded' | 'cycle';

/** One package of the way from one that was asked for to the one in question. */
export interface WhyStep {
  readonly package: string;
  readonly version: string;
  readonly kind: WhyKind;
  /** The entry of the world, the dependency, or the `install_if` that this package meets; "" where there is none. */
  readonly meets: string;
  /** Who else needs a first step, in the order of the database. */
  readonly neededBy: readonly string[];
}

/** What is looked at of a package. */
export type NeedingPackage = Pick<
  InstalledPackage,
  'name' | 'version' | 'depends' | 'provides' | 'fields'
>;

/** Entries of the world that an image was made for; undefined where that is not recorded. */
export type AskedEntries = readonly string[] | undefined;

/**
 * Why a package is in an image: the shortest way from a package that was asked for, which may be itself. Where that is not
 * recorded or does not lead there, the way begins with a package that no other needs, or with one of a cycle. Undefined when
 * the package is not there.
 */
export function whyPackage(
  packages: readonly NeedingPackage[],
  { name, asked }: { readonly name: string; readonly asked: AskedEntries },
): readonly WhyStep[] | undefined {
  const target = packages.find((one) => one.name === name);
  if (target === undefined) return undefined;
  const graph = new NeedGraph(packages);
  const entries = graph.asked(asked ?? []);
  const ways = graph.waysTo(target);
  const needsOf = (way: Way): readonly Need[] => graph.needs(way[0]?.by ?? target);
  const way =
    ways.find((one) => entries.has(one[0]?.by ?? target)) ??
    ways.find((one) => needsOf(one).length === 0) ??
    graph.topmost(ways, target);
  const entry = entries.get(way[0]?.by ?? target);
  const first = {
    kind: firstKind({ asked, entry, isNeeded: needsOf(way).length > 0 }),
    meets: entry ?? '',
    neededBy: [...new Set(needsOf(way).map(({ by }) => by.name))],
  };
  return stepsOf(way, { target, first });
}

/** `by` depends on something by this text, or lets it be added. */
interface Need {
  readonly by: NeedingPackage;
  readonly kind: 'needed' | 'added';
  readonly text: string;
}

/** From the first package on; what the last need leads to is the package in question. */
type Way = readonly Need[];

function firstKind({
  asked,
  entry,
  isNeeded,
}: {
  readonly asked: AskedEntries;
  readonly entry: string | undefined;
  readonly isNeeded: boolean;
}): WhyKind {
  if (entry !== undefined) return 'asked';
  if (isNeeded) return 'cycle';
  return asked === undefined ? 'unrecorded' : 'unneeded';
}

function stepsOf(
  way: Way,
  {
    target,
    first,
  }: {
    readonly target: NeedingPackage;
    readonly first: Pick<WhyStep, 'kind' | 'meets' | 'neededBy'>;
  },
): readonly WhyStep[] {
  const packages = [...way.map(({ by }) => by), target];
  return packages.map(({ name, version }, at) => {
    const need = way[at - 1];
    const why = need === undefined ? first : { kind: need.kind, meets: need.text, neededBy: [] };
    return { package: name, version, ...why };
  });
}

/** Who needs whom. */
class NeedGraph {
  readonly #providers = new Map<string, NeedingPackage>();
  readonly #needs = new Map<NeedingPackage, Need[]>();

  constructor(packages: readonly NeedingPackage[]) {
    for (const one of packages)
      for (const provide of one.provides) {
        const { name } = parseConstraintApko(provide);
        if (!this.#providers.has(name)) this.#providers.set(name, one);
      }
    // A package's own name goes before what others provide.
    for (const one of packages) this.#providers.set(one.name, one);
    for (const by of packages)
      for (const text of by.depends) this.#add(this.#provider(text), { by, kind: 'needed', text });
    for (const one of packages) this.#addConditions(one);
  }

  /** Needs of others, in the order of the database, dependencies first. */
  needs(of: NeedingPackage): readonly Need[] {
    return this.#needs.get(of) ?? [];
  }

  /** What entries of a world ask for, each with its entry. */
  asked(entries: readonly string[]): ReadonlyMap<NeedingPackage, string> {
    const found = new Map<NeedingPackage, string>();
    for (const entry of entries) {
      const one = this.#provider(entry.replace(/@.*$/s, ''));
      if (one !== undefined && !found.has(one)) found.set(one, entry);
    }
    return found;
  }

  /** The shortest way from each package that leads to this one, shortest first; the empty one from itself. */
  waysTo(target: NeedingPackage): readonly Way[] {
    const ways: Way[] = [[]];
    const seen = new Set([target]);
    for (const way of ways)
      for (const need of this.needs(way[0]?.by ?? target)) {
        if (seen.has(need.by)) continue;
        seen.add(need.by);
        ways.push([need, ...way]);
      }
    return ways;
  }

  /** Of ways that all come from cycles, the shortest from one that no other leads to. */
  topmost(ways: readonly Way[], target: NeedingPackage): Way {
    const above = ways.map((way) => this.waysTo(way[0]?.by ?? target).length);
    return ways[above.indexOf(Math.min(...above))] ?? [];
  }

  #provider(text: string): NeedingPackage | undefined {
    return text.startsWith('!') ? undefined : this.#providers.get(parseConstraintApko(text).name);
  }

  #add(met: NeedingPackage | undefined, need: Need): void {
    if (met === undefined || met === need.by) return;
    const needs = this.#needs.get(met);
    if (needs === undefined) this.#needs.set(met, [need]);
    else needs.push(need);
  }

  /** apko writes the list in brackets. */
  #addConditions(one: NeedingPackage): void {
    const text = (one.fields.get('i') ?? '').replace(/^\[(.*)\]$/s, '$1').trim();
    if (text === '') return;
    const met = text.split(/\s+/).map((atom) => this.#provider(atom));
    if (met.includes(undefined)) return;
    for (const by of new Set(met))
      if (by !== undefined) this.#add(one, { by, kind: 'added', text });
  }
}
