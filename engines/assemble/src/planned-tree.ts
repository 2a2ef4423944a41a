import { compareBytes, firstIndex } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';
import type { FileTree } from './file-tree.ts';
import type { InstalledTree } from './installed-tree.ts';
import { layerGroups } from './layer-groups.ts';
import { singleEntry, treeEntries } from './layer.ts';
import type { OrderedEntry } from './layer.ts';
import type { ImageLayer } from './layered.ts';
import type { TreeNode } from './node.ts';
import { PackageLayer, directoriesOf, groupsOf, neededEntries, ownerOf } from './package-layers.ts';
import type { GroupOf } from './package-layers.ts';
import type { PackageContents } from './package-contents.ts';
import { treeChanges } from './tree-changes.ts';
import type { TreeChange } from './tree-changes.ts';

/** Sets of changes to layers of packages that are remembered: accounts and the like change the same files again and again. */
const changedLayersMax = 1000;

/**
 * The layers of many images of the same packages: what `imageLayers` gives for each, planned from what an image has that its
 * packages alone have not. A layer of packages that is the same in two images is the same object.
 */
export class PlannedTree {
  readonly #tree: FileTree;
  readonly #groups: readonly (readonly PackageContents[])[];
  readonly #groupOf: GroupOf;
  readonly #entries: ReadonlyMap<string, OrderedEntry>;
  readonly #nodes: ReadonlySet<TreeNode>;
  readonly #linked: ReadonlySet<TreeNode>;
  /** Directories that layers of packages have. */
  readonly #inGroups: ReadonlySet<OrderedEntry>;
  readonly #layers: readonly ImageLayer[];
  readonly #rest: readonly OrderedEntry[];
  readonly #changedLayers = new Map<string, ImageLayer>();

  private constructor(installed: InstalledTree, budget: number, entries: readonly OrderedEntry[]) {
    this.#tree = installed.tree;
    this.#groups = layerGroups(installed.input.packages, budget);
    this.#groupOf = groupsOf(this.#groups);
    this.#entries = new Map(entries.map((one) => [one.path, one]));
    const nodes = entries.map(({ node }) => node);
    this.#nodes = new Set(nodes);
    const seen = new Set<TreeNode>();
    this.#linked = new Set(nodes.filter((node) => seen.has(node) || !seen.add(node)));
    this.#inGroups = directoriesOf(this.#groupOf, entries);
    this.#layers = this.#groups.map((_, group) => this.#layerOf(group, new Map()));
    this.#rest = neededEntries(this.#groupOf, entries);
  }

  static async of(installed: InstalledTree, budget: number): Promise<PlannedTree> {
    const entries: OrderedEntry[] = [];
    for await (const one of treeEntries({ tree: installed.tree, dialect: 'kiln' }))
      entries.push(one);
    return new PlannedTree(installed, budget, entries);
  }

  /**
   * The layers of a fork of the installed tree, lowest first; undefined where they have to be planned from the whole of it:
   * when something was removed, a directory of packages changed, or a file of several names is concerned.
   */
  layersOf(fork: FileTree): readonly ImageLayer[] | undefined {
    const changes = treeChanges(this.#tree.root, fork.root);
    if (changes === undefined || !this.#arePlain(changes)) return undefined;
    const rest: OrderedEntry[] = [];
    const byGroup = new Map<number, Map<string, OrderedEntry | undefined>>();
    for (const { path, after } of changes) {
      const one = singleEntry(path, after);
      const known = this.#entries.get(path);
      const group = known && this.#groupOf(known);
      const stays = group !== undefined && this.#groups[group]?.some((p) => p === ownerOf(one));
      if (group !== undefined) {
        const replaced = byGroup.get(group) ?? new Map<string, OrderedEntry | undefined>();
        byGroup.set(group, replaced.set(path, stays === true ? one : undefined));
      }
      if (stays !== true) rest.push(one);
    }
    const layers = this.#layers.map((layer, group) => {
      const replaced = byGroup.get(group);
      return replaced === undefined ? layer : this.#changedLayer(group, replaced);
    });
    return [...layers, { packages: [], entries: this.#restWith(rest) }];
  }

  #arePlain(changes: readonly TreeChange[]): boolean {
    const seen = new Set<TreeNode>();
    return changes.every(({ path, before, after }) => {
      if (this.#nodes.has(after) || seen.has(after)) return false;
      seen.add(after);
      if (before === undefined) return true;
      if (this.#linked.has(before)) return false;
      if (before.type !== 'directory') return after.type !== 'directory';
      const known = this.#entries.get(path);
      return after.type === 'directory' && known !== undefined && !this.#inGroups.has(known);
    });
  }

  #changedLayer(
    group: number,
    replaced: ReadonlyMap<string, OrderedEntry | undefined>,
  ): ImageLayer {
    const facts = [...replaced].map(([path, one]) => [path, one && entryFacts(one.entry)]);
    const key = JSON.stringify([group, facts]);
    const known = this.#changedLayers.get(key);
    if (known !== undefined) return known;
    const layer = this.#layerOf(group, replaced);
    if (this.#changedLayers.size >= changedLayersMax) this.#changedLayers.clear();
    this.#changedLayers.set(key, layer);
    return layer;
  }

  #layerOf(group: number, replaced: ReadonlyMap<string, OrderedEntry | undefined>): ImageLayer {
    const layer = new PackageLayer(this.#groups[group] ?? []);
    for (const [path, one] of this.#entries) {
      if (this.#groupOf(one) !== group) continue;
      const now = replaced.has(path) ? replaced.get(path) : one;
      if (now !== undefined) layer.add(now, one.parent);
    }
    return layer;
  }

  /** Everything that is of no package, with the directories above it. */
  #restWith(changed: readonly OrderedEntry[]): readonly OrderedEntry[] {
    const byPath = new Map(changed.map((one) => [one.path, one]));
    const rest = this.#rest.map((one) => byPath.get(one.path) ?? one);
    const present = new Set(rest.map(({ path }) => path));
    const added: OrderedEntry[] = [];
    const add = (one: OrderedEntry | undefined): void => {
      if (one === undefined || present.has(one.path)) return;
      present.add(one.path);
      added.push(one);
    };
    for (const one of changed) {
      // Above one that is there all are.
      const missing: string[] = [];
      let path = parentOf(one.path);
      for (; path !== '' && !present.has(path); path = parentOf(path)) missing.push(path);
      for (const parent of missing.reverse()) add(byPath.get(parent) ?? this.#entries.get(parent));
      add(one);
    }
    return merged(rest, added);
  }
}

function entryFacts(entry: TarEntry): unknown {
  return { ...entry, pax: [...entry.pax].map(([key, value]) => [key, ...value]) };
}

/** "" for what is at the root. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Both in the order of a walk, in which a directory comes before its children and those are in byte order. */
function merged(
  rest: readonly OrderedEntry[],
  added: readonly OrderedEntry[],
): readonly OrderedEntry[] {
  const all = [...rest];
  for (const one of added) {
    const order = orderOf(one);
    const place = firstIndex(all.length, (index) => {
      const other = all[index];
      return other !== undefined && compareBytes(orderOf(other), order) < 0;
    });
    all.splice(place, 0, one);
  }
  return all;
}

function orderOf({ path }: OrderedEntry): string {
  return path.replaceAll('/', '\0');
}
