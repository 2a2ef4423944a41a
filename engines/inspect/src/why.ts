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

/** `by` depends on something by this text, or lets it be added. */
interface Need {
  readonly by: NeedingPackage;
  readonly kind: 'needed' | 'added';
  readonly text: string;
}

/** How the package in question is led to by `need.by`: it needs the package of the next step, or that in question where there is none. */
interface Way {
  readonly need: Need;
  readonly next: Way | undefined;
}

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

/**
 * Why packages are in an image: the shortest way from a package that was asked for, which may be the one in question. Where that is not
 * recorded or does not lead there, the way begins with a package that no other needs, or with one of a cycle. Made once for an image.
 */
export class PackageReasons {
  readonly #packages = new Map<string, NeedingPackage>();
  readonly #providers = new Map<string, NeedingPackage>();
  readonly #needs = new Map<NeedingPackage, Need[]>();
  readonly #asked: AskedEntries;
  /** What was asked for, each with its entry. */
  readonly #entries = new Map<NeedingPackage, string>();

  constructor(packages: readonly NeedingPackage[], asked: AskedEntries) {
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
    for (const one of packages.toReversed()) this.#packages.set(one.name, one);
    this.#asked = asked;
    for (const entry of asked ?? []) {
      const one = this.#provider(entry.replace(/@.*$/s, ''));
      if (one !== undefined && !this.#entries.has(one)) this.#entries.set(one, entry);
    }
  }

  /** The steps to a package of this name; undefined when it is not there. */
  why(name: string): readonly WhyStep[] | undefined {
    const target = this.#packages.get(name);
    if (target === undefined) return undefined;
    const way = this.#wayTo(target);
    const start = way?.need.by ?? target;
    const entry = this.#entries.get(start);
    const needs = this.#needsOf(start);
    const steps: WhyStep[] = [
      {
        package: start.name,
        version: start.version,
        kind: firstKind({ asked: this.#asked, entry, isNeeded: needs.length > 0 }),
        meets: entry ?? '',
        neededBy: [...new Set(needs.map(({ by }) => by.name))],
      },
    ];
    for (let step = way; step !== undefined; step = step.next) {
      const { name: met, version } = step.next?.need.by ?? target;
      const { kind, text } = step.need;
      steps.push({ package: met, version, kind, meets: text, neededBy: [] });
    }
    return steps;
  }

  #wayTo(target: NeedingPackage): Way | undefined {
    const ways: (Way | undefined)[] = [];
    for (const way of this.#waysTo(target)) {
      if (this.#entries.has(way?.need.by ?? target)) return way;
      ways.push(way);
    }
    const isStart = (way: Way | undefined): boolean =>
      this.#needsOf(way?.need.by ?? target).length === 0;
    return ways.some(isStart) ? ways.find(isStart) : this.#topmost(ways, target);
  }

  /** Needs of others, in the order of the database, dependencies first. */
  #needsOf(one: NeedingPackage): readonly Need[] {
    return this.#needs.get(one) ?? [];
  }

  /** The shortest way from each package that leads to this one, shortest first; none from itself. */
  *#waysTo(target: NeedingPackage): Generator<Way | undefined> {
    const ways: (Way | undefined)[] = [undefined];
    const seen = new Set([target]);
    for (const way of ways) {
      yield way;
      for (const need of this.#needsOf(way?.need.by ?? target)) {
        if (seen.has(need.by)) continue;
        seen.add(need.by);
        ways.push({ need, next: way });
      }
    }
  }

  /** Of ways that all come from cycles, the shortest from one that no other leads to. */
  #topmost(ways: readonly (Way | undefined)[], target: NeedingPackage): Way | undefined {
    const above = ways.map((way) => [...this.#waysTo(way?.need.by ?? target)].length);
    return ways[above.indexOf(Math.min(...above))];
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
