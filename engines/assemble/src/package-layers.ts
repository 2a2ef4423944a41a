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
  const layers = groups.map((packages) => new PackageLayer(packages));
  const layerOf = new Map(layers.flatMap((layer) => layer.packages.map((one) => [one, layer])));
  const rest: OrderedEntry[] = [];
  const inGroups = new Set<OrderedEntry>();
  const branch: OrderedEntry[] = [];
  const branches = new Map<OrderedEntry, readonly OrderedEntry[]>();
  for (const one of entries) {
    while (branch.length > 0 && !one.entry.path.startsWith(`${branch.at(-1)?.entry.path}/`))
      branch.pop();
    const owner = ownerOf(one);
    const layer = owner && layerOf.get(owner);
    if (layer === undefined) {
      rest.push(one);
      branches.set(one, [...branch]);
    } else {
      layer.add(one, branch);
      for (const directory of branch) inGroups.add(directory);
    }
    if (one.entry.type === 'directory') branch.push(one);
  }
  return [...layers, { packages: [], entries: restOf(rest, inGroups, branches) }];
}

class PackageLayer implements ImageLayer {
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
function ownerOf({ node }: OrderedEntry): PackageContents | undefined {
  if (node.type === 'file' && node.content.kind === 'member') return node.content.package;
  return node.type === 'symlink' ? node.backing?.package : undefined;
}

/** What belongs to no group, with the directories above it, and the directories that are in no group's layer. */
function restOf(
  rest: readonly OrderedEntry[],
  inGroups: ReadonlySet<OrderedEntry>,
  branches: ReadonlyMap<OrderedEntry, readonly OrderedEntry[]>,
): readonly OrderedEntry[] {
  const needed = new Set<OrderedEntry>();
  for (const one of rest) {
    if (one.entry.type === 'directory' && inGroups.has(one)) continue;
    needed.add(one);
    for (const directory of branches.get(one) ?? []) needed.add(directory);
  }
  return rest.filter((one) => needed.has(one));
}
