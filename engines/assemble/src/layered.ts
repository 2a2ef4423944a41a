import type { AssembledTree } from './assemble.ts';
import { apkoLayers } from './apko-layers.ts';
import { layerGroups } from './layer-groups.ts';
import { treeEntries } from './layer.ts';
import type { OrderedEntry } from './layer.ts';
import { packageLayers } from './package-layers.ts';
import type { PackageContents } from './package-contents.ts';

/** One layer of an image: its entries, each of whose contents can be read any number of times. */
export interface ImageLayer {
  /** The packages whose files these are, sorted by name; none for everything else, and where the image is one layer. */
  readonly packages: readonly PackageContents[];
  readonly entries: readonly OrderedEntry[];
}

/**
 * How many groups of packages have a layer of their own when a configuration of Kiln does not say: container runtimes
 * stop at 127 layers, and clients fetch a few at a time.
 */
export const layerBudgetDefault = 20;

/**
 * The layers of a finished image, lowest first: one for each group of packages and a last one with everything else, or one
 * alone. apko cuts an image where its configuration says so; Kiln does unless `layering` is there with neither strategy nor
 * budget. What goes where is planned from metadata; no content is read.
 */
export async function imageLayers(assembled: AssembledTree): Promise<readonly ImageLayer[]> {
  const entries: OrderedEntry[] = [];
  for await (const one of treeEntries(assembled)) entries.push(one);
  const budget = budgetOf(assembled);
  if (budget === undefined) return [{ packages: [], entries }];
  const groups = layerGroups(assembled.packages, budget);
  return assembled.dialect === 'apko'
    ? apkoLayers(assembled, groups, entries)
    : packageLayers(groups, entries);
}

/** Undefined for one layer. */
function budgetOf({ config: { layering }, dialect }: AssembledTree): number | undefined {
  if (layering === undefined) return dialect === 'apko' ? undefined : layerBudgetDefault;
  return layering.strategy === '' && layering.budget === 0 ? undefined : layering.budget;
}
