import { readFile } from 'node:fs/promises';
import type { Digest } from '@kiln/base';
import { KilnError, shorten } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { FactoryRecords, ImageResult, RegistryState } from '@kiln/factory';
import { imageKey } from '@kiln/factory';
import type {
  AskedEntries,
  BillFormat,
  ComparedComposition,
  ComparedPackage,
  CompositionDifference,
  PackageReason,
} from '@kiln/inspect';
import {
  askedOf,
  compareCompositions,
  packageReason,
  pullImage,
  readPackageDatabase,
  signedBill,
} from '@kiln/inspect';
import type { Config } from '@kiln/oci';
import type { ImageBill, ImagesPort } from './api/image-routes.ts';
import { inTurn } from './in-turn.ts';
import { RepositoryImage } from './repository-image.ts';

/** Of the images that the factory makes. */
const architecture = 'amd64';
const databaseLimits = { layersBytesMax: 16 * 2 ** 30, fileBytesMax: 64 * 2 ** 20 };
/** Versions whose packages are kept, each some hundred kilobytes. */
const keptMax = 16;
const historyPage = 1000;

export interface OwnImagesOptions {
  readonly records: Pick<FactoryRecords, 'state' | 'action'>;
  readonly registry: Pick<RegistryState, 'manifestSizes' | 'referrers' | 'tagHistory'>;
  readonly blobs: Pick<BlobStore, 'bytes' | 'read' | 'stat'>;
  /** Path of the public key of images. */
  readonly publicKey: string;
  /** `host:port`. */
  registryAddress(): string;
}

/** What one version is made of. It never changes. */
interface Composition {
  readonly packages: readonly ComparedPackage[];
  readonly asked: AskedEntries;
  readonly config: Config;
}

/**
 * Tells of the images of catalogs, in the versions that their tags point or pointed at: what strangers push beside them is not looked at.
 * The packages of a version are read from its layer, one version at a time, and those that were read last are kept.
 */
export class OwnImages implements ImagesPort {
  readonly #options: OwnImagesOptions;
  /** By digest of the index, the one that was asked for longest ago first. */
  readonly #kept = new Map<Digest, Composition>();
  readonly #readInTurn: (image: RepositoryImage) => Promise<Composition>;

  constructor(options: OwnImagesOptions) {
    this.#options = options;
    this.#readInTurn = inTurn(async (image) => {
      const digest = await image.resolve();
      // Whoever asked before may have read it.
      const composition = this.#known(digest) ?? (await this.#read(image));
      this.#keep(digest, composition);
      return composition;
    });
  }

  async why(name: string, packageName: string, digest: Digest | undefined): Promise<PackageReason> {
    return packageReason(await this.#compared(name, digest), packageName);
  }

  /** Throws what reading images does too. */
  async difference(name: string, from: Digest, to: Digest): Promise<CompositionDifference> {
    const [before, after] = [await this.#compared(name, from), await this.#compared(name, to)];
    return compareCompositions(before, after);
  }

  /** Throws what `signedBill` does too. */
  async bill(name: string, format: BillFormat, digest: Digest | undefined): Promise<ImageBill> {
    const source = await this.#version(name, digest);
    const imageKeyPem = await this.#imageKey();
    const text = await signedBill({ source, architecture, format, imageKeyPem });
    return { digest: await source.resolve(), text };
  }

  async #compared(name: string, wanted: Digest | undefined): Promise<ComparedComposition> {
    const image = await this.#version(name, wanted);
    const digest = await image.resolve();
    return { ...(await this.#composition(image)), reference: image.text, digest };
  }

  async #version(name: string, wanted: Digest | undefined): Promise<RepositoryImage> {
    const { records, registry, blobs } = this.#options;
    const { repository, index } = await presentImage(records, name);
    const digest = wanted ?? index;
    if (digest !== index && !(await this.#wasTagged(repository, digest)))
      throw noVersion(repository, `no tag of ${repository} ever pointed at ${digest}`);
    if (!(await registry.manifestSizes(repository, [digest])).has(digest))
      throw noVersion(repository, `${repository} does not have ${digest} any more`);
    const text = `${this.#options.registryAddress()}/${repository}@${digest}`;
    return new RepositoryImage({ registry, blobs, repository, digest, text });
  }

  async #wasTagged(repository: string, digest: Digest): Promise<boolean> {
    let before: number | undefined;
    for (;;) {
      const request = { tag: undefined, before, limit: historyPage };
      const events = await this.#options.registry.tagHistory(repository, request);
      if (events.some((event) => event.digest === digest)) return true;
      if (events.length < historyPage) return false;
      before = events.at(-1)?.sequence;
    }
  }

  /** What is known waits for nothing that is being read. */
  async #composition(image: RepositoryImage): Promise<Composition> {
    const digest = await image.resolve();
    return this.#known(digest) ?? this.#readInTurn(image);
  }

  #known(digest: Digest): Composition | undefined {
    const known = this.#kept.get(digest);
    if (known !== undefined) this.#keep(digest, known);
    return known;
  }

  #keep(digest: Digest, composition: Composition): void {
    this.#kept.delete(digest);
    this.#kept.set(digest, composition);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > keptMax && oldest !== undefined) this.#kept.delete(oldest);
  }

  async #read(image: RepositoryImage): Promise<Composition> {
    const { digest, config, layers } = await pullImage(image, architecture);
    const { packages, world } = await readPackageDatabase(image, layers, databaseLimits);
    const contents = { digest, packages, world };
    const imageKeyPem = await this.#imageKey();
    const asked = await askedOf({ source: image, contents, imageKeyPem });
    return { packages: packages.map(withoutFiles), asked, config };
  }

  #imageKey(): Promise<string> {
    return readFile(this.#options.publicKey, 'utf8');
  }
}

/** Copied, because a part of a text keeps the whole text in memory. */
function withoutFiles(one: ComparedPackage): ComparedPackage {
  const { name, version, checksum, depends, provides } = one;
  const condition = one.fields.get('i');
  const fields = new Map(condition === undefined ? [] : [['i', condition]]);
  return structuredClone({ name, version, checksum, depends, provides, fields });
}

async function presentImage(
  records: OwnImagesOptions['records'],
  name: string,
): Promise<ImageResult> {
  const state = await records.state(imageKey(name));
  const result = state?.action === undefined ? undefined : await records.action(state.action);
  if (result?.kind === 'image') return result;
  throw new KilnError('API_NOT_FOUND', `there is no image ${shorten(name)}`, {
    hint: 'kiln image ls lists what is published',
  });
}

function noVersion(repository: string, message: string): KilnError {
  return new KilnError('IMAGE_NOT_FOUND', message, {
    hint: `kiln image history ${repository} lists the versions`,
  });
}
