import type { ImageLayer } from './layered.ts';
import type { OrderedEntry } from './layer.ts';
import { shipperOf } from './node.ts';
import type { PackageContents } from './package-contents.ts';

/**
 * A layer for each group of packages, and the last with everything else. A layer has the directories above its entries and no
 * others, so that it depends on its packages alone. In the layer of a group a directory has the time of the first file
 * below it; mode and owner are those it has in the image, wherever they come from.
 */
export function packageLayers(
  groups: readonly (readonly PackageContents[])[],
  entries: readonly OrderedEntry[],
): readonly ImageLayer[] {
  const groupOf = groupsOf(groups);
  const layers = groups.map((packages) => new PackageLayer(packages));
  for (const one of entries) {
    const group = groupOf(one);
    if (group !== undefined) layers[group]?.add(one);
  }
  return [...layers, { packages: [], entries: neededEntries(groupOf, entries) }];
}

/** The number of the group that an entry belongs to; undefined for what is of no package. */
export type GroupOf = (one: OrderedEntry) => number | undefined;

export function groupsOf(groups: readonly (readonly PackageContents[])[]): GroupOf {
  const groupOf = new Map(
    groups.flatMap((packages, i) => packages.map((one) => [one, i] as const)),
  );
  return (one) => {
    const owner = ownerOf(one);
    return owner && groupOf.get(owner);
  };
}

/** The layer of a group as it grows: entries come in the order of a walk. */
export class PackageLayer implements ImageLayer {
  readonly packages: readonly PackageContents[];
  readonly entries: OrderedEntry[] = [];
  readonly #directories = new Set<OrderedEntry>();

  constructor(packages: readonly PackageContents[]) {
    this.packages = packages;
  }

  /** `parent`: the directory that it is in, of the walk. */
  add(one: OrderedEntry, parent: OrderedEntry | undefined = one.parent): void {
    this.#enter(parent, one.mtimeSeconds);
    this.entries.push(one);
  }

  #enter(directory: OrderedEntry | undefined, mtimeSeconds: number): void {
    if (directory === undefined || this.#directories.has(directory)) return;
    this.#enter(directory.parent, mtimeSeconds);
    this.#directories.add(directory);
    this.entries.push(directory.at(mtimeSeconds));
  }
}

/** The package that a file or link came from, as it came. */
export function ownerOf({ node }: OrderedEntry): PackageContents | undefined {
  return node.type === 'symlink' ? node.owner : shipperOf(node);
}

/** What belongs to no group, with the directories above it, and the directories that are in no group's layer. */
export function neededEntries(
  groupOf: GroupOf,
  entries: readonly OrderedEntry[],
): readonly OrderedEntry[] {
  const inGroups = directoriesOf(groupOf, entries);
  const needed = new Set<OrderedEntry>();
  for (const one of entries) {
    if (groupOf(one) !== undefined || inGroups.has(one)) continue;
    for (let at: OrderedEntry | undefined = one; at && !needed.has(at); at = at.parent)
      needed.add(at);
  }
  return entries.filter((one) => needed.has(one));
}

/** The directories that layers of groups have. */
export function directoriesOf(
  groupOf: GroupOf,
  entries: readonly OrderedEntry[],
): ReadonlySet<OrderedEntry> {
  const inGroups = new Set<OrderedEntry>();
  for (const one of entries) {
    if (groupOf(one) === undefined) continue;
    for (let at = one.parent; at && !inGroups.has(at); at = at.parent) inGroups.add(at);
  }
  return inGroups;
}
