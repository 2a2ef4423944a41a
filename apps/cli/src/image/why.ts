import type { InstalledPackage } from '@kiln/apk';
import { parseConstraintApko } from '@kiln/version';

/** One package of the way from one that was asked for to the one in question. */
export interface WhyStep {
  readonly package: string;
  readonly version: string;
  /** The dependency of the step before that this package meets; "" for the first, which nothing else in the image needs. */
  readonly meets: string;
}

/**
 * Why a package is in an image: the shortest way of dependencies from a package that no other needs. Where all packages that lead
 * to it need each other, the way begins with the one in question. Undefined when it is not there.
 */
export function whyPackage(
  packages: readonly InstalledPackage[],
  name: string,
): readonly WhyStep[] | undefined {
  const target = packages.find((one) => one.name === name);
  if (target === undefined) return undefined;
  const dependents = dependentsOf(packages);
  const ways: (readonly Need[])[] = [[]];
  const seen = new Set([target]);
  for (const way of ways) {
    const first = way[0]?.by ?? target;
    const needs = (dependents.get(first) ?? []).filter(({ by }) => by !== first);
    if (needs.length === 0) return stepsOf(way, target);
    for (const need of needs) {
      if (seen.has(need.by)) continue;
      seen.add(need.by);
      ways.push([need, ...way]);
    }
  }
  return stepsOf([], target);
}

/** `by` depends on something by this text. */
interface Need {
  readonly by: InstalledPackage;
  readonly text: string;
}

function stepsOf(way: readonly Need[], target: InstalledPackage): readonly WhyStep[] {
  const packages = [...way.map(({ by }) => by), target];
  return packages.map(({ name, version }, at) => ({
    package: name,
    version,
    meets: way[at - 1]?.text ?? '',
  }));
}

/** Who needs a package, in the order of the database. */
function dependentsOf(
  packages: readonly InstalledPackage[],
): ReadonlyMap<InstalledPackage, readonly Need[]> {
  const providers = new Map<string, InstalledPackage>();
  for (const one of packages)
    for (const provide of one.provides) {
      const { name } = parseConstraintApko(provide);
      if (!providers.has(name)) providers.set(name, one);
    }
  // A package's own name goes before what others provide.
  for (const one of packages) providers.set(one.name, one);
  const dependents = new Map<InstalledPackage, Need[]>();
  for (const by of packages)
    for (const text of by.depends) {
      const met = text.startsWith('!') ? undefined : providers.get(parseConstraintApko(text).name);
      if (met === undefined) continue;
      dependents.set(met, [...(dependents.get(met) ?? []), { by, text }]);
    }
  return dependents;
}
