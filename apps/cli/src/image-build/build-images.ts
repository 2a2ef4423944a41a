import { assemble, imageLayers, imageOf, indexOf } from '@kiln/assemble';
import type { AssembledTree, ImageDocument } from '@kiln/assemble';
import { KilnError, compareBytes, mapBounded, counted } from '@kiln/base';
import type { Descriptor } from '@kiln/oci';
import type { GuestKeys } from '@kiln/solve';
import { apkArch, wantedArchitectures } from './architectures.ts';
import { assemblyOf, requireBuildable } from './assembly.ts';
import { baseLayerFile } from './base-image.ts';
import { inContext } from './in-context.ts';
import { readLockFile } from './lock-file.ts';
import { warnOfMissingFiles } from './missing-files.ts';
import { keysOf, planImages } from './plan.ts';
import type { PlannedImage } from './plan.ts';
import { ImageRepositories } from './repositories.ts';
import type { ImageRequest } from './request.ts';
import { imageRequest, recordedConfig } from './request.ts';
import { describeImage, describeIndex } from './sboms.ts';
import type { Sbom } from './sboms.ts';
import type { ImageTask } from './task.ts';
import { vcsUrlOf } from './vcs.ts';
import type { WorkFolder } from './work-folder.ts';

/** The image of one architecture; its blobs lie in the work folder. */
export interface BuiltImage {
  /** Canonical. */
  readonly arch: string;
  readonly config: ImageDocument;
  readonly manifest: ImageDocument;
  /** Lowest first, those of a base image among them. */
  readonly layers: readonly Descriptor[];
  /** In the order of installation. */
  readonly packages: readonly { readonly name: string; readonly version: string }[];
}

/** What a build made. */
export interface BuiltImages {
  /** In the order of the index. */
  readonly images: readonly BuiltImage[];
  readonly index: ImageDocument;
  readonly sboms: readonly Sbom[];
}

export interface BuildImagesOptions {
  readonly task: ImageTask;
  /** Last component of the repository's name; without one SBOMs speak of `image` and `index`. */
  readonly repositoryName: string | undefined;
  readonly work: WorkFolder;
}

/** Images that are assembled at once: each holds the names of all its files in memory. */
const parallelMax = 2;

/** Layers of an image that are made at once: while one waits for the disk, or for its last part, another one goes on. */
const layersMax = 2;

/**
 * Builds the images of a configuration, and the index over them. Nothing of it is written anywhere but into the work folder.
 * Throws for whatever is wrong, with the architecture where only one is concerned.
 */
export async function buildImages(options: BuildImagesOptions): Promise<BuiltImages> {
  const { task } = options;
  const request = await imageRequest(task);
  const { config } = request;
  if (config.contents.baseImage !== undefined && task.lockFile === '')
    throw new KilnError(
      'IMAGE_BASE_IMAGE',
      'building with base image is supported only with a lockfile',
      { hint: 'make one with `lock`, and give it with --lockfile' },
    );
  const archs = wantedArchitectures(task.archs, config.archs, task.dialect);
  const vcsUrl =
    config.vcsUrl === '' && task.vcs ? await vcsUrlOf(task.file, task.dialect) : config.vcsUrl;
  const repositories = new ImageRepositories(task);
  if (task.dialect === 'kiln') requireBuildable(config);
  const lock = task.lockFile === '' ? undefined : readLockFile(task.lockFile, request, task.log);
  task.onStage?.('reading keys and indexes');
  const planned = { repositories, archs: [...new Set(archs)], lock };
  const keys = await keysOf(request, planned);
  const plan = await inContext('locking config', () =>
    planImages(request, { ...planned, keys: keys.trusted }),
  );
  const shared = { ...options, request, repositories, keys: keys.installed, vcsUrl };
  const built = await mapBounded(plan, parallelMax, (one) => buildImage(one, shared));
  return finish(built, shared);
}

interface ImageContext extends BuildImagesOptions {
  readonly request: ImageRequest;
  readonly repositories: ImageRepositories;
  /** Those that images get, for each architecture. */
  readonly keys: ReadonlyMap<string, GuestKeys>;
  readonly vcsUrl: string;
}

/** The index over the images, whose time is that of the youngest, and its description. */
async function finish(
  built: readonly FinishedImage[],
  { request, work, task, repositoryName, vcsUrl }: ImageContext,
): Promise<BuiltImages> {
  const { dialect } = task;
  const createdSeconds = Math.max(
    request.date.flagSeconds,
    ...built.map((one) => one.createdSeconds),
  );
  const { flagSeconds, flagOffsetMinutes } = request.date;
  const createdOffsetMinutes = createdSeconds === flagSeconds ? flagOffsetMinutes : 0;
  const images = built.map(({ image }) => image).sort((a, b) => compareBytes(a.arch, b.arch));
  const index = indexOf({
    dialect,
    config: request.config,
    images: images.map(({ arch, manifest }) => ({ arch, manifest: manifest.descriptor })),
    createdSeconds,
    createdOffsetMinutes,
    vcsUrl,
  });
  await work.blobs.put(index.bytes, index.descriptor.digest);
  const sboms = built.flatMap((one) => one.sboms);
  if (task.sbomFormats.length === 0) return { images, index, sboms };
  if (images.length === 0)
    throw new KilnError('IMAGE_NOTHING', 'no architecture images found to describe', {
      hint: 'list packages in contents.packages, or say --sbom=false',
    });
  if (!task.sbomFormats.includes('spdx')) return { images, index, sboms };
  const ofIndex = describeIndex({
    dialect,
    index,
    images,
    repositoryName,
    createdSeconds,
    createdOffsetMinutes,
    vcsUrl,
  });
  return { images, index, sboms: [...sboms, ofIndex] };
}

/** An image, and what its index and its description need of it. */
interface FinishedImage {
  readonly image: BuiltImage;
  readonly createdSeconds: number;
  readonly sboms: readonly Sbom[];
}

async function buildImage(plan: PlannedImage, context: ImageContext): Promise<FinishedImage> {
  const { arch } = plan.lock;
  const { task, work } = context;
  const { assembled, layers } = await inContext(`building "${arch}" layer`, async () => {
    const tree = await assembleImage(plan, context);
    warnOfMissingFiles(tree, task.log, arch);
    task.onStage?.(`writing layers for ${apkArch(arch)}`);
    const stored = await mapBounded(await imageLayers(tree), layersMax, (layer) =>
      work.addLayer(layer, task.compression),
    );
    if (plan.base !== undefined) {
      for (const layer of plan.base.image.manifest.layers)
        await work.import(baseLayerFile(plan.base.folder, layer), layer.digest);
    }
    return { assembled: tree, layers: stored };
  });
  // apko records the commit in the index alone.
  const vcs = task.dialect === 'apko' ? {} : { vcsUrl: context.vcsUrl };
  const createdSeconds = assembled.buildDateSeconds;
  const { epochSeconds, epochOffsetMinutes } = context.request.date;
  const createdOffsetMinutes = createdSeconds === epochSeconds ? epochOffsetMinutes : 0;
  const { config, manifest } = await inContext(`building "${arch}" image`, async () =>
    imageOf({
      dialect: task.dialect,
      config: assembled.config,
      arch,
      layers,
      createdSeconds,
      createdOffsetMinutes,
      base: plan.base?.image,
      ...vcs,
    }),
  );
  for (const { bytes, descriptor } of [config, manifest])
    await work.blobs.put(bytes, descriptor.digest);
  const image: BuiltImage = {
    arch,
    config,
    manifest,
    layers: [
      ...(plan.base?.image.manifest.layers ?? []),
      ...layers.map(({ descriptor }) => descriptor),
    ],
    packages: assembled.packages.map(({ info: { name, version } }) => ({ name, version })),
  };
  const { repositoryName = 'image' } = context;
  return {
    image,
    createdSeconds,
    sboms: await inContext(`generating sbom for ${arch}`, () =>
      describeImage(image, {
        assembled,
        createdOffsetMinutes,
        formats: task.sbomFormats,
        repositoryName,
        ...vcs,
      }),
    ),
  };
}

async function assembleImage(
  plan: PlannedImage,
  { task, request, repositories, keys }: ImageContext,
): Promise<AssembledTree> {
  requireBuildable(request.config);
  const packages = plan.packages();
  task.onStage?.(`fetching ${counted(packages.length, 'package')} for ${apkArch(plan.lock.arch)}`);
  return assemble({
    ...assemblyOf(request, { keys: keys.get(plan.lock.arch) ?? [], base: plan.base?.image }),
    config: recordedConfig(request),
    arch: plan.lock.arch,
    packages: await repositories.open(packages),
    // Dialect `kiln` makes the same of a lock as of what the lock was made of.
    ...(task.dialect === 'apko' ? { world: plan.lock.world } : {}),
  });
}
