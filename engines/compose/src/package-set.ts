import {
  PlannedTree,
  installTree,
  layerBudgetDefault,
  layerCompressions,
  packageBill,
  readText,
  storeLayer,
} from '@kiln/assemble';
import type {
  BillCache,
  CompressionName,
  ImageLayer,
  InstalledTree,
  KnownLayers,
  LayerCompression,
  PackageBill,
  PackageContents,
  SegmentCache,
  StoredLayer,
} from '@kiln/assemble';
import { canonicalJson } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { BlobStore, ComposedBlob } from '@kiln/blobs';
import type { Component } from '@kiln/factory';
import type { Fragment } from '@kiln/json-fragments';
import type { ComposedStore, StatementSegment } from '@kiln/publish';
import { storeComposed, storeStatementSegments } from '@kiln/publish';
import { parseOsRelease } from '@kiln/spdx';
import { packageDependency } from '@kiln/trust';
import type { RememberedFiles } from './remembered-package.ts';
import { rememberedFiles, rememberedPackage } from './remembered-package.ts';

export interface SetPackage {
  readonly contents: PackageContents;
  /** Of the whole `.apk` file. */
  readonly apk: Digest;
  /** The vendor in its package URL. */
  readonly namespace: string;
}

export interface PackageSetInput {
  /** Canonical or apk name. */
  readonly arch: string;
  /** In install order. */
  readonly packages: readonly SetPackage[];
  readonly sourceDateEpochSeconds: number;
  /** Of layers; default gzip. */
  readonly compression?: CompressionName;
}

export interface PackageSetPorts {
  readonly blobs: Pick<BlobStore, 'put'>;
  readonly packs: ComposedStore;
  readonly bills: BillCache;
  readonly known?: KnownLayers;
  readonly segments?: SegmentCache;
  /** Shared by sets; one of its own without it. */
  readonly files?: RememberedFiles;
}

/** Of a file's entries in package, tree and plan. */
const fileWeightBytes = 768;

const ownFilesBytesMax = 8 * 1024 * 1024;

/**
 * The packages of many images, and what is made of them once: the installed tree, their layers, their part of descriptions.
 * Configurations of them are composed by `composeImage`, which reads no file of a package.
 */
export class PackageSet {
  readonly input: PackageSetInput;
  readonly installed: InstalledTree;
  /** The packages as resolved dependencies: elements of a JSON list. */
  readonly dependencies: StatementSegment;
  readonly #ports: PackageSetPorts;
  readonly #plan: PlannedTree;
  readonly #stored = new WeakMap<ImageLayer, Promise<StoredLayer>>();
  readonly #bills: readonly PackageBill[];
  readonly #segmentOf = new Map<Uint8Array, StatementSegment>();
  /** The formats whose parts are stored. */
  readonly #described = new Map<keyof PackageBill, Promise<void>>();

  private constructor(
    input: PackageSetInput,
    ports: PackageSetPorts,
    made: Pick<PackageSet, 'installed' | 'dependencies'> & {
      readonly plan: PlannedTree;
      readonly bills: readonly PackageBill[];
    },
  ) {
    this.input = input;
    this.#ports = ports;
    this.installed = made.installed;
    this.dependencies = made.dependencies;
    this.#plan = made.plan;
    this.#bills = made.bills;
  }

  /** Installs and describes packages. Throws what `installTree` does. */
  static async of(input: PackageSetInput, ports: PackageSetPorts): Promise<PackageSet> {
    const { arch, sourceDateEpochSeconds } = input;
    const { files = rememberedFiles(ownFilesBytesMax) } = ports;
    const packages = input.packages.map((one) => rememberedPackage(one, files));
    const installed = await installTree({ arch, packages, keyring: [], sourceDateEpochSeconds });
    const bills = await billsOf(input, ports.bills, installed);
    // Every image has both; what goes into one pack is synced once.
    const parts = partsOf(bills, 'spdx');
    const [dependencies, ...segments] = await storeStatementSegments(ports.packs, [
      dependencyList(input),
      ...parts,
    ]);
    if (dependencies === undefined) throw new Error('assertion failed: no segment was stored');
    const plan = await PlannedTree.of(installed, layerBudgetDefault);
    const set = new PackageSet(input, ports, { installed, bills, dependencies, plan });
    set.#remember(parts, segments);
    set.#described.set('spdx', Promise.resolve());
    return set;
  }

  get compression(): LayerCompression {
    return layerCompressions[this.input.compression ?? 'gzip'];
  }

  get components(): readonly Component[] {
    return this.packages.map(({ info: { name, version } }) => ({ type: 'apk', name, version }));
  }

  /** What it takes of memory, about: a file's name with all that is planned of it, and the packages' part of descriptions. */
  get weightBytes(): number {
    const files = this.packages.reduce((sum, { members }) => sum + members.length, 0);
    const described = this.#bills
      .flatMap(({ spdx, cyclonedx }) => [...spdx, ...cyclonedx])
      .reduce((sum, { length }) => sum + length, 0);
    return files * fileWeightBytes + 3 * described;
  }

  get packages(): readonly PackageContents[] {
    return this.installed.input.packages;
  }

  /** The layers of an image of these packages, where they follow from what differs in it: see `PlannedTree`. */
  layersOf(fork: InstalledTree['tree']): readonly ImageLayer[] | undefined {
    return this.#plan.layersOf(fork);
  }

  /** A layer of packages, made and stored when it is new. */
  stored(layer: ImageLayer): Promise<StoredLayer> {
    const before = this.#stored.get(layer);
    if (before !== undefined) return before;
    const stored = storeLayer(layer, { ...this.#ports, compression: this.compression });
    this.#stored.set(layer, stored);
    stored.catch(() => this.#stored.delete(layer));
    return stored;
  }

  /** Stores a layer of one image at once. */
  async store(layer: ComposedBlob): Promise<void> {
    await storeComposed(this.#ports.packs, [layer]);
  }

  /** The packages' part of every document of this format; stored, for statements, when it is asked for first. */
  async fragments(format: keyof PackageBill): Promise<readonly Fragment[]> {
    const described = this.#described.get(format) ?? this.#describe(format);
    this.#described.set(format, described);
    described.catch(() => this.#described.delete(format));
    await described;
    return this.#bills.map((bill) => bill[format]);
  }

  async #describe(format: keyof PackageBill): Promise<void> {
    const parts = partsOf(this.#bills, format);
    this.#remember(parts, await storeStatementSegments(this.#ports.packs, parts));
  }

  #remember(parts: readonly Uint8Array[], segments: readonly StatementSegment[]): void {
    for (const [at, part] of parts.entries()) {
      const segment = segments[at];
      if (segment !== undefined) this.#segmentOf.set(part, segment);
    }
  }

  /** A chunk of a composed document as a part of a statement: those of packages are stored. */
  statementPart(chunk: Uint8Array): Uint8Array | StatementSegment {
    return this.#segmentOf.get(chunk) ?? chunk;
  }
}

function partsOf(bills: readonly PackageBill[], format: keyof PackageBill): readonly Uint8Array[] {
  return bills.flatMap((bill) => bill[format]).filter(({ length }) => length > 0);
}

async function billsOf(
  { packages }: PackageSetInput,
  bills: BillCache,
  { tree }: InstalledTree,
): Promise<readonly PackageBill[]> {
  const osRelease = await readText(tree, 'etc/os-release');
  const distribution = osRelease === undefined ? '' : parseOsRelease(osRelease).id;
  const made: PackageBill[] = [];
  for (const { apk, contents } of packages) {
    const open = (): Promise<PackageContents> => Promise.resolve(contents);
    made.push(await packageBill(bills, { apk, distribution, open }));
  }
  return made;
}

function dependencyList({ packages }: PackageSetInput): string {
  return packages
    .map(({ contents: { info }, apk, namespace }) =>
      canonicalJson(packageDependency(info, { apk, namespace })),
    )
    .join(',');
}
