import { concatBytes } from '@kiln/base';
import type { AssembledTree } from './assemble.ts';
import type { ImageLayer } from './layered.ts';
import type { OrderedEntry } from './layer.ts';
import type { FileNode, TreeNode } from './node.ts';
import type { PackageContents } from './package-contents.ts';

const databasePath = 'usr/lib/apk/db/installed';

/** The layers of an image as apko cuts it (images.md 8.3). */
export function apkoLayers(
  assembled: AssembledTree,
  groups: readonly (readonly PackageContents[])[],
  entries: readonly OrderedEntry[],
): readonly ImageLayer[] {
  const plan = new LayerPlan(assembled, groups);
  for (const one of entries) plan.add(one);
  return plan.layers.map((layer, i) => ({ packages: groups[i] ?? [], entries: layer.entries }));
}

interface PlannedLayer {
  readonly entries: OrderedEntry[];
  /** The directories of the branch that the layer is in, root first. */
  readonly branch: OrderedEntry[];
}

/**
 * Deals entries, which come in the order of a single layer, out to layers (images.md 8.3). A layer that gets its first file
 * of a branch gets the directories above it too, with the time of that file. A file does not end the branch of a directory
 * before it, so that such a directory, and those in it that were visited last, may appear in a layer that has nothing in
 * them: apko's layers have these entries, and so do ours.
 */
class LayerPlan {
  /** Groups first, the layer of everything else last. */
  readonly layers: readonly PlannedLayer[];
  readonly #assembled: AssembledTree;
  readonly #groups: readonly (readonly PackageContents[])[];
  readonly #layerOf = new Map<PackageContents, PlannedLayer>();
  readonly #top: PlannedLayer = { entries: [], branch: [] };
  readonly #branch: OrderedEntry[] = [];

  constructor(assembled: AssembledTree, groups: readonly (readonly PackageContents[])[]) {
    this.#assembled = assembled;
    this.#groups = groups;
    const layers = groups.map((packages) => {
      const layer: PlannedLayer = { entries: [], branch: [] };
      for (const one of packages) this.#layerOf.set(one, layer);
      return layer;
    });
    this.layers = [...layers, this.#top];
  }

  add(one: OrderedEntry): void {
    if (one.type === 'directory') this.#enter(one);
    const layer = this.#layerFor(one.node);
    this.#align(layer, one);
    layer.entries.push(one);
    if (one.node.type === 'file' && one.path === databasePath) this.#addDatabases(one, one.node);
  }

  #enter(directory: OrderedEntry): void {
    while (this.#branch.length > 0 && this.#branch.at(-1) !== directory.parent) this.#branch.pop();
    this.#branch.push(directory);
  }

  #layerFor(node: TreeNode): PlannedLayer {
    const owner = node.type === 'file' || node.type === 'symlink' ? node.owner : undefined;
    return (owner && this.#layerOf.get(owner)) ?? this.#top;
  }

  #align({ branch, entries }: PlannedLayer, one: OrderedEntry): void {
    const differs = this.#branch.findIndex((directory, i) => branch[i] !== directory);
    if (differs === -1) {
      branch.length = this.#branch.length;
      return;
    }
    branch.length = differs;
    for (const directory of this.#branch.slice(differs)) {
      branch.push(directory);
      if (directory === one) continue;
      entries.push(directory.at(one.mtimeSeconds));
    }
  }

  /** Each group has the database of its own packages, for those who look at layers. */
  #addDatabases(database: OrderedEntry, node: FileNode): void {
    this.#groups.forEach((packages, i) => {
      const layer = this.layers[i];
      if (layer === undefined) return;
      this.#align(layer, database);
      const bytes = concatBytes(
        packages.map((one) => this.#assembled.records.get(one) ?? new Uint8Array(0)),
      );
      layer.entries.push(database.as({ ...node, bytes: [bytes], sizeBytes: bytes.length }));
    });
  }
}
