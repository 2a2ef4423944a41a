import { compareBytes } from '@kiln/base';
import { parseConstraintApko, satisfiesApko } from '@kiln/version';
import type { PackageContents } from './package-contents.ts';

/**
 * The packages of each layer of an image that is cut by origin, by apko's rules: packages of one origin go together, and so
 * do a package and what it replaces; the largest groups come first, and what is over the budget is one group, the last. In
 * a group packages are sorted by name. A function of the set alone, whatever its order.
 */
export function layerGroups(
  packages: readonly PackageContents[],
  budget: number,
): readonly (readonly PackageContents[])[] {
  const groups = joinReplaced([...Map.groupBy(packages, ({ info }) => info.origin).values()])
    .map(groupOf)
    .sort((a, b) => b.sizeBytes - a.sizeBytes || compareBytes(a.lastName, b.lastName));
  const kept = groups.length > budget ? groups.slice(0, Math.max(budget - 1, 0)) : groups;
  const rest = groups.slice(kept.length).flatMap((group) => group.packages);
  return [...kept.map((group) => group.packages), ...(rest.length === 0 ? [] : [byName(rest)])];
}

interface Group {
  readonly packages: readonly PackageContents[];
  readonly sizeBytes: number;
  /** The greatest name: what decides between groups of one size. */
  readonly lastName: string;
}

function groupOf(members: readonly PackageContents[]): Group {
  const packages = byName(members);
  return {
    packages,
    sizeBytes: packages.reduce((sum, { info }) => sum + info.installedSizeBytes, 0),
    lastName: packages.at(-1)?.info.name ?? '',
  };
}

function byName(packages: readonly PackageContents[]): PackageContents[] {
  return packages.toSorted((a, b) => compareBytes(a.info.name, b.info.name));
}

/** Joins the groups of packages and of what they replace, and of what that replaces. */
function joinReplaced(groups: readonly PackageContents[][]): readonly PackageContents[][] {
  const groupOfName = new Map<string, PackageContents[]>();
  const installed = new Map<string, PackageContents>();
  for (const group of groups) {
    for (const member of group) {
      groupOfName.set(member.info.name, group);
      installed.set(member.info.name, member);
    }
  }
  for (const one of installed.values()) {
    for (const text of one.info.replaces) {
      const other = replaced(installed, text);
      const from = other && groupOfName.get(other.info.name);
      const into = groupOfName.get(one.info.name);
      if (from === undefined || into === undefined || from === into) continue;
      for (const member of from.splice(0)) {
        into.push(member);
        groupOfName.set(member.info.name, into);
      }
    }
  }
  return groups.filter((group) => group.length > 0);
}

function replaced(
  installed: ReadonlyMap<string, PackageContents>,
  text: string,
): PackageContents | undefined {
  const { name, operator, version } = parseConstraintApko(text);
  const other = installed.get(name);
  if (other === undefined) return undefined;
  return operator === 'any' || satisfiesApko(other.info.version, operator, version)
    ? other
    : undefined;
}
