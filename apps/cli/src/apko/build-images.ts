import { assemble, imageLayers, imageOf, indexOf } from '@kiln/assemble';
import type { AssembledTree, ImageDocument } from '@kiln/assemble';
import { KilnError, compareBytes, mapBounded } from '@kiln/base';
import type { LockFile } from '@kiln/image-config';
import type { Descriptor } from '@kiln/oci';
import { imageWorld, lockImages, solveImage } from '@kiln/solve';
import type { ArchIndexes, GuestKeys, GuestPackage, ImageLock } from '@kiln/solve';
import type { DropInInvocation } from '../drop-in/subcommand.ts';
import { annotationsOfFlag } from './annotations.ts';
import { wantedArchitectures } from './architectures.ts';
import { assemblyOf, requireBuildable } from './assembly.ts';
import { baseImageOf } from './base-image.ts';
import type { LocatedBase } from './base-image.ts';
import { inContext } from './in-context.ts';
import { locksOfFile, packagesOfFile, readLockFile } from './lock-file.ts';
import { warnOfMissingFiles } from './missing-files.ts';
import { ImageRepositories, packageOf } from './repositories.ts';
import type { ImageRequest } from './request.ts';
import { imageRequest, lockRequest, recordedConfig } from './request.ts';
import { describeImage, describeIndex, wantsSboms } from './sboms.ts';
import type { Sbom } from './sboms.ts';
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
}

/** What a build made. */
export interface BuiltImages {
  /** In the order of the index. */
  readonly images: readonly BuiltImage[];
  readonly index: ImageDocument;
  readonly sboms: readonly Sbom[];
}

export interface BuildImagesOptions {
  readonly invocation: DropInInvocation;
  readonly file: string;
  /** Last component of the repository's name. */
  readonly repositoryName: string;
  readonly work: WorkFolder;
  /** Whether the command has flags for folders to look in and for limits. */
  readonly has: { readonly folders: boolean; readonly limits: boolean };
}

/** Images that are assembled at once: each holds the names of all its files in memory. */
const parallelMax = 2;

/**
 * Builds the images of a configuration, by apko's rules, and the index over them. Nothing of it is written anywhere but into
 * the work folder. Throws for whatever is wrong, with the architecture where only one is concerned.
 */
export async function buildImages(options: BuildImagesOptions): Promise<BuiltImages> {
  const { invocation, file, has } = options;
  const { flags, log } = invocation;
  const annotations = annotationsOfFlag(flags.list('annotations'));
  const loaded = imageRequest(invocation, file, { packages: true, date: true, ...has });
  const config = {
    ...loaded.config,
    annotations: { ...loaded.config.annotations, ...annotations },
  };
  const request: ImageRequest = { ...loaded, config };
  const lockFile = flags.string('lockfile');
  if (config.contents.baseImage !== undefined && lockFile === '')
    throw new KilnError(
      'APKO_BASE_IMAGE',
      'building with base image is supported only with a lockfile',
      { hint: 'make one with kiln apko lock, and give it with --lockfile' },
    );
  const archs = wantedArchitectures(flags.list('arch'), config.archs);
  const vcsUrl = config.vcsUrl === '' && flags.bool('vcs') ? await vcsUrlOf(file) : config.vcsUrl;
  const repositories = new ImageRepositories(invocation, {
    cache: true,
    trust: true,
    limits: has.limits,
  });
  const keys = await repositories.keys(request);
  const lock = lockFile === '' ? undefined : readLockFile(lockFile, request, log);
  const plan = await inContext('locking config', () =>
    planImages({ request, repositories, keys, archs: [...new Set(archs)], lock }),
  );
  const shared = { ...options, request, repositories, keys, lock };
  const built = await mapBounded(plan, parallelMax, (one) => buildImage(one, shared));
  return finish(built, { ...shared, vcsUrl });
}

/** The index over the images, whose time is that of the youngest, and its description. */
async function finish(
  built: readonly FinishedImage[],
  context: ImageContext & { readonly vcsUrl: string },
): Promise<BuiltImages> {
  const { request, work, invocation, repositoryName, vcsUrl } = context;
  const createdSeconds = Math.max(
    request.date.flagSeconds,
    ...built.map((one) => one.createdSeconds),
  );
  const images = built.map(({ image }) => image).sort((a, b) => compareBytes(a.arch, b.arch));
  const index = indexOf({
    dialect: 'apko',
    config: request.config,
    images: images.map(({ arch, manifest }) => ({ arch, manifest: manifest.descriptor })),
    createdSeconds,
    vcsUrl,
  });
  await work.blobs.put(index.bytes, index.descriptor.digest);
  const sboms = built.flatMap(({ sbom }) => (sbom === undefined ? [] : [sbom]));
  if (!wantsSboms(invocation.flags)) return { images, index, sboms };
  if (images.length === 0)
    throw new KilnError('APKO_NO_IMAGES', 'no architecture images found to describe', {
      hint: 'list packages in contents.packages, or say --sbom=false',
    });
  const ofIndex = describeIndex({ index, images, repositoryName, createdSeconds, vcsUrl });
  return { images, index, sboms: [...sboms, ofIndex] };
}

/** What one architecture is made of. */
interface PlannedImage {
  readonly lock: ImageLock;
  readonly base: LocatedBase | undefined;
  /** Undefined where a lock file says what there is. */
  readonly indexes: ArchIndexes | undefined;
}

async function planImages({
  request,
  repositories,
  keys,
  archs,
  lock,
}: {
  readonly request: ImageRequest;
  readonly repositories: ImageRepositories;
  readonly keys: GuestKeys;
  readonly archs: readonly string[];
  readonly lock: LockFile | undefined;
}): Promise<readonly PlannedImage[]> {
  const bases = new Map(archs.map((arch) => [arch, baseImageOf(request, arch)] as const));
  if (lock !== undefined) {
    repositories.useCredentialsOf(request);
    return locksOfFile(lock, archs).map((one) => ({
      lock: one,
      base: bases.get(one.arch),
      indexes: undefined,
    }));
  }
  const indexes = await repositories.indexes(request, { archs, keys, extra: () => [] });
  return lockImages(lockRequest(request), indexes).map((one) => ({
    lock: one,
    base: undefined,
    indexes: indexes.find(({ arch }) => arch === one.arch),
  }));
}

interface ImageContext extends BuildImagesOptions {
  readonly request: ImageRequest;
  readonly repositories: ImageRepositories;
  readonly keys: GuestKeys;
  readonly lock: LockFile | undefined;
}

/** An image, and what its index and its description need of it. */
interface FinishedImage {
  readonly image: BuiltImage;
  readonly createdSeconds: number;
  readonly sbom: Sbom | undefined;
}

async function buildImage(plan: PlannedImage, context: ImageContext): Promise<FinishedImage> {
  const { arch } = plan.lock;
  const { invocation, work } = context;
  const stored = await inContext(`building "${arch}" layer`, async () => {
    const assembled = await assembleImage(plan, context);
    warnOfMissingFiles(assembled, invocation.log, arch);
    const layers = [];
    for (const layer of await imageLayers(assembled))
      layers.push(await work.addLayer(layer, invocation.signal));
    for (const { digest } of plan.base?.image.manifest.layers ?? [])
      await work.import(plan.base?.folder ?? '', digest);
    return { assembled, layers };
  });
  const { assembled, layers } = stored;
  const { config, manifest } = await inContext(`building "${arch}" image`, async () =>
    imageOf({
      dialect: 'apko',
      config: assembled.config,
      arch,
      layers,
      createdSeconds: assembled.buildDateSeconds,
      base: plan.base?.image,
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
  };
  return {
    image,
    createdSeconds: assembled.buildDateSeconds,
    sbom: wantsSboms(invocation.flags)
      ? await inContext(`generating sbom for ${arch}`, () =>
          describeImage(image, { assembled, repositoryName: context.repositoryName }),
        )
      : undefined,
  };
}

async function assembleImage(
  { lock, base, indexes }: PlannedImage,
  context: ImageContext,
): Promise<AssembledTree> {
  const { request, repositories, keys } = context;
  requireBuildable(request.config);
  return assemble({
    ...assemblyOf(request, { keys, base: base?.image }),
    config: recordedConfig(request),
    arch: lock.arch,
    packages: await repositories.open(packagesOf({ lock, base, indexes }, context)),
    world: lock.world,
  });
}

/** The packages to install, in their order: those of the lock file, or what solving the lock again gives. */
function packagesOf(
  { lock, indexes }: PlannedImage,
  { request, lock: lockFile }: ImageContext,
): readonly GuestPackage[] {
  if (lockFile !== undefined) return packagesOfFile(lockFile, lock.arch);
  if (indexes === undefined) return [];
  const contents = { ...request.config.contents, packages: lock.world };
  const locked = { ...request, config: { ...request.config, contents } };
  return solveImage(imageWorld(lockRequest(locked)), indexes).map((one) =>
    packageOf(one, lock.arch),
  );
}
