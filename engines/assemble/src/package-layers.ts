import type { ImageLayer } from './layered.ts';
import type { OrderedEntry } from './layer.ts';
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
  const placed = placeEntries(groups, entries);
  const layers = groups.map((packages) => new PackageLayer(packages));
  for (const { one, branch, group } of placed)
    if (group !== undefined) layers[group]?.add(one, branch);
  return [...layers, { packages: [], entries: neededEntries(placed) }];
}

/** An entry with the directories above it, root first, and the number of its group; undefined for what is of no package. */
export interface PlacedEntry {
  readonly one: OrderedEntry;
  readonly branch: readonly OrderedEntry[];
  readonly group: number | undefined;
}

/** Says of each entry, in the order of a walk, where it belongs. */
export function placeEntries(
  groups: readonly (readonly PackageContents[])[],
  entries: readonly OrderedEntry[],
): readonly PlacedEntry[] {
  const groupOf = new Map(
    groups.flatMap((packages, i) => packages.map((one) => [one, i] as const)),
  );
  const branch: OrderedEntry[] = [];
  return entries.map((one) => {
    while (branch.length > 0 && !one.entry.path.startsWith(`${branch.at(-1)?.entry.path}/`))
      branch.pop();
    const owner = ownerOf(one);
    const placed = { one, branch: [...branch], group: owner && groupOf.get(owner) };
    if (one.entry.type === 'directory') branch.push(one);
    return placed;
  });
}

/** The layer of a group as it grows: entries come in the order of a walk, each with the directories above it. */
export class PackageLayer implements ImageLayer {
  readonly packages: readonly PackageContents[];
  readonly entries: OrderedEntry[] = [];
  readonly #directories = new Set<OrderedEntry>();

  constructor(packages: readonly PackageContents[]) {
    this.packages = packages;
  }

  add(one: OrderedEntry, branch: readonly OrderedEntry[]): void {
    for (const directory of branch) {
      if (this.#directories.has(directory)) continue;
      this.#directories.add(directory);
      const entry = { ...directory.entry, mtimeSeconds: one.entry.mtimeSeconds };
      this.entries.push({ ...directory, entry });
    }
    this.entries.push(one);
  }
}

/** The package that a file or link came from, as it came. */
export function ownerOf({ node }: OrderedEntry): PackageContents | undefined {
  if (node.type === 'file' && node.content.kind === 'member') return node.content.package;
  return node.type === 'symlink' ? node.backing?.package : undefined;
}

/** What belongs to no group, with the directories above it, and the directories that are in no group's layer. */
export function neededEntries(placed: readonly PlacedEntry[]): readonly OrderedEntry[] {
  const inGroups = new Set(
    placed.flatMap(({ group, branch }) => (group === undefined ? [] : branch)),
  );
  const needed = new Set<OrderedEntry>();
  for (const { one, branch, group } of placed) {
    if (group !== undefined || (one.entry.type === 'directory' && inGroups.has(one))) continue;
    needed.add(one);
    for (const directory of branch) needed.add(directory);
  }
  return placed.flatMap(({ one }) => (needed.has(one) ? [one] : []));
}
