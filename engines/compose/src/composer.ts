import type { BillCache, PackageOpener, SegmentCache } from '@kiln/assemble';
import { openNamed } from '@kiln/assemble';
import type { Clock, Digest } from '@kiln/base';
import { KilnError, RecentlyUsed, digestOf, shorten, sortUnique } from '@kiln/base';
import type { BlobPacks, BlobStore } from '@kiln/blobs';
import type { FactoryRecords, LockMemo, LockedPackage } from '@kiln/factory';
import { imageKey, namespaceOf, solveLock } from '@kiln/factory';
import type { ImageConfig } from '@kiln/image-config';
import { checkImageConfig, completeImageConfig, overlayImageConfig } from '@kiln/image-config';
import { isRepositoryName, isTag } from '@kiln/oci';
import type { ComposedImage, PublishPorts } from '@kiln/publish';
import { publishImages } from '@kiln/publish';
import type { BaseImage } from './base-image.ts';
import { readBase } from './base-image.ts';
import { composeImage } from './compose-image.ts';
import type { ComposedResult, Composition } from './composition.ts';
import { parseOverlay } from './overlay.ts';
import { PackageSet } from './package-set.ts';
import { recordedLayers } from './recorded-layers.ts';
import type { RememberedFiles } from './remembered-package.ts';
import { rememberedFiles } from './remembered-package.ts';
import { SegmentMemo } from './segment-memo.ts';

export interface ComposerPorts {
  readonly records: FactoryRecords;
  readonly blobs: BlobStore & BlobPacks;
  readonly locks: LockMemo;
  readonly opener: PackageOpener;
  readonly bills: BillCache;
  readonly segments: SegmentCache;
  readonly signer: PublishPorts['signer'];
  readonly registry: PublishPorts['registry'];
  readonly clock: Clock;
  readonly builder: { readonly name: string; readonly version: string };
}

/**
 * What was stored is referred to without looking for it again. It was used within the hour when it was stored or found, and blobs
 * that nothing names stay for two at the least; so this long, and not much longer, it is there.
 */
const rememberMs = 10 * 60_000;

/** Of package sets that are kept installed. */
const setsBytesMax = 128 * 1024 * 1024;

/** Of packages' files that configurations look at. */
const filesBytesMax = 32 * 1024 * 1024;

const tagsMax = 16;

interface Stored {
  readonly since: number;
  readonly memo: SegmentMemo;
  readonly files: RememberedFiles;
  readonly sets: RecentlyUsed<Digest, Promise<PackageSet>>;
}

/**
 * Makes images of others: an image of the catalog with a configuration laid over it, resolved against the base's own lock, composed,
 * signed and published. The first image of a set of packages opens them; those that follow read no file of a package.
 */
export class Composer {
  readonly #ports: ComposerPorts;
  #stored: Stored;

  constructor(ports: ComposerPorts) {
    this.#ports = ports;
    this.#stored = this.#nothingStored();
  }

  /**
   * Composes and publishes a batch and tells of each in the same order. One that is refused does not keep the others from being
   * published; what befalls the factory itself is thrown, and nothing of the batch is shown then.
   */
  async publish(compositions: readonly Composition[]): Promise<readonly ComposedResult[]> {
    if (this.#ports.clock.now() - this.#stored.since > rememberMs)
      this.#stored = this.#nothingStored();
    const bases = new Map<string, Promise<BaseImage>>();
    const results: ComposedResult[] = [];
    const images: { readonly at: number; readonly image: ComposedImage }[] = [];
    for (const [at, composition] of compositions.entries()) {
      try {
        const base = bases.get(composition.base) ?? readBase(this.#ports, composition.base);
        bases.set(composition.base, base);
        const image = await this.#compose(await base, composition);
        images.push({ at, image });
        results.push({
          kind: 'published',
          repository: image.repository,
          digest: image.manifest.blob.digest,
          tags: composition.tags,
        });
      } catch (error) {
        if (!(error instanceof KilnError)) throw error;
        results.push(refused(error));
      }
    }
    const { blobs: packs, records, signer, registry } = this.#ports;
    const batch = { batchImages: images.length, batchesMax: 1 };
    let published = 0;
    for await (const { published: shown } of publishImages(
      { packs, records, signer, registry },
      listed(images.map(({ image }) => image)),
      batch,
    )) {
      const { at = -1 } = images[published] ?? {};
      published += 1;
      if (!shown)
        throw new Error(`assertion failed: composition ${at} moves its tags from anywhere`);
    }
    return results;
  }

  #nothingStored(): Stored {
    return {
      since: this.#ports.clock.now(),
      memo: new SegmentMemo(this.#ports.blobs),
      files: rememberedFiles(filesBytesMax),
      sets: new RecentlyUsed({ bytesMax: setsBytesMax }),
    };
  }

  async #compose(base: BaseImage, composition: Composition): Promise<ComposedImage> {
    const { repository, tags } = composition;
    await this.#checkTarget(composition);
    const overlay = parseOverlay(composition.overlay);
    const config: ImageConfig = { ...overlayImageConfig(base.config, overlay), include: '' };
    checkImageConfig(config, `over ${composition.base}`);
    const asked = completeImageConfig(config).contents.packages;
    const packages = await this.#lock(base, sortUnique(asked));
    const { bundle } = base;
    return composeImage(
      {
        set: await this.#setOf(base, packages),
        config,
        base: { name: bundle.name, manifest: base.manifest },
        overlay: composition.overlay,
        repository,
        key: imageKey(bundle.name),
        tags: tags.map((tag) => ({ tag, expected: 'any' })),
        builder: this.#ports.builder,
        sbomFormats: composition.sbomFormats,
      },
      this.#stored.memo,
    );
  }

  async #checkTarget({ repository, tags }: Composition): Promise<void> {
    if (!isRepositoryName(repository) || tags.length > tagsMax || !tags.every(isTag))
      throw new KilnError(
        'COMPOSE_NAME_INVALID',
        `${shorten(`${repository}:${tags.join(',')}`)} is no name of an image, or has more than ${tagsMax} tags`,
        { hint: 'write it as in custom/nginx:debug' },
      );
    if (repository.includes('/')) return;
    if ((await this.#ports.records.desired(imageKey(repository))) === undefined) return;
    throw new KilnError('COMPOSE_NAME_TAKEN', `${repository} is an image of the catalog`, {
      hint: `publish under another name, such as custom/${repository}`,
    });
  }

  async #lock(base: BaseImage, world: readonly string[]): Promise<readonly LockedPackage[]> {
    const { bundle, action, generations, repositories } = base;
    const inputs = { use: 'image', generations, packages: [], filters: [action], world } as const;
    const lock = await this.#ports.locks.lock(inputs, () =>
      Promise.resolve(solveLock(repositories, world)),
    );
    const unsolved = (why: string, hint: string): KilnError =>
      new KilnError('COMPOSE_UNSOLVED', `over the packages of ${bundle.name}: ${why}`, { hint });
    if (lock.kind !== 'locked')
      throw unsolved(
        lock.chain.join(' '),
        'kiln package ls lists the packages there are; those of the base keep their versions',
      );
    if (lock.packages.length === 0)
      throw unsolved('none is left', 'keep one, or add one: nobody can verify an image of nothing');
    return lock.packages;
  }

  #setOf({ bundle }: BaseImage, packages: readonly LockedPackage[]): Promise<PackageSet> {
    const { arch, settings } = bundle;
    const { epochSeconds, compression = 'gzip' } = settings;
    const named = packages.map(({ apk, repository }) => [apk, namespaceOf(settings, repository)]);
    const key = digestOf([arch, epochSeconds, compression, ...named].join('\n'));
    const { sets } = this.#stored;
    const known = sets.get(key);
    if (known !== undefined) return known;
    const set = this.#install(bundle, packages);
    sets.set(key, set, 0);
    set.then(
      ({ weightBytes }) => sets.set(key, set, weightBytes),
      () => sets.delete(key),
    );
    return set;
  }

  async #install(
    { name, arch, settings }: BaseImage['bundle'],
    locked: readonly LockedPackage[],
  ): Promise<PackageSet> {
    const { opener, blobs, bills, segments } = this.#ports;
    const packages = [];
    for (const { apk, record, repository } of locked)
      packages.push({
        apk,
        contents: await openNamed(opener, record, apk),
        namespace: namespaceOf(settings, repository),
      });
    return PackageSet.of(
      {
        arch,
        packages,
        sourceDateEpochSeconds: settings.epochSeconds,
        compression: settings.compression ?? 'gzip',
      },
      {
        blobs,
        packs: blobs,
        bills,
        segments,
        files: this.#stored.files,
        known: recordedLayers(this.#ports, imageKey(name)),
      },
    );
  }
}

function refused({ code, message, hint = '' }: KilnError): ComposedResult {
  return { kind: 'refused', code, message, hint };
}

async function* listed<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}
