import type { LockFile } from '@kiln/image-config';
import { imageWorld, lockImages, solveImage } from '@kiln/solve';
import type { ArchIndexes, GuestKeys, GuestPackage, ImageLock, LockedImage } from '@kiln/solve';
import { baseImageOf } from './base-image.ts';
import type { LocatedBase } from './base-image.ts';
import { keysOfFile, locksOfFile, packagesOfFile } from './lock-file.ts';
import { packageOf } from './repositories.ts';
import type { ImageRepositories } from './repositories.ts';
import { installedKeys, lockRequest, requirePackages } from './request.ts';
import type { ImageRequest } from './request.ts';

/** What one architecture is made of. */
export interface PlannedImage {
  readonly lock: ImageLock;
  readonly base: LocatedBase | undefined;
  /** The packages to install, in their order. Throws `IMAGE_LOCK_…`. */
  packages(): readonly GuestPackage[];
}

export interface PlanInput {
  readonly repositories: ImageRepositories;
  readonly archs: readonly string[];
  /** Those that are trusted, for each architecture. */
  readonly keys: ReadonlyMap<string, GuestKeys>;
  readonly lock: LockFile | undefined;
}

/** The keys of a request for each architecture: those that indexes have to be signed by, and those that images get. */
export async function keysOf(
  request: ImageRequest,
  { repositories, archs, lock }: Pick<PlanInput, 'repositories' | 'archs' | 'lock'>,
): Promise<{
  readonly trusted: ReadonlyMap<string, GuestKeys>;
  readonly installed: ReadonlyMap<string, GuestKeys>;
}> {
  if (request.dialect === 'apko') {
    const keys = await repositories.trusted(request, archs);
    return { trusted: keys, installed: keys };
  }
  const locked = lock === undefined ? undefined : keysOfFile(lock, request);
  // What a lock names is checked by its checksum.
  const trusted =
    lock === undefined ? await repositories.trusted(request, archs) : new Map<string, GuestKeys>();
  const installed = locked ?? (await repositories.keys(installedKeys(request)));
  return { trusted, installed: new Map(archs.map((arch) => [arch, installed] as const)) };
}

/**
 * What each architecture is made of: what a lock says, or what solving gives. Dialect `kiln` solves once, all architectures
 * together; dialect `apko` solves what it found once more, which may give something else.
 */
export async function planImages(
  request: ImageRequest,
  { repositories, keys, archs, lock }: PlanInput,
): Promise<readonly PlannedImage[]> {
  const bases = new Map(archs.map((arch) => [arch, baseImageOf(request, arch)] as const));
  if (lock !== undefined) {
    if (request.dialect === 'apko') repositories.useCredentialsOf(request);
    return locksOfFile(lock, archs, request).map((one) => ({
      lock: one,
      base: bases.get(one.arch),
      packages: () => packagesOfFile(lock, one.arch),
    }));
  }
  requirePackages(request);
  const indexes = await repositories.indexes(request, { archs, keys, extra: () => [] });
  return lockImages(lockRequest(request), indexes).map((one) => ({
    lock: one,
    base: undefined,
    packages: () =>
      request.dialect === 'apko' ? solvedAgain(request, one, indexes) : packagesOf(one),
  }));
}

/** The packages that were found for an architecture, in the order of installation. */
export function packagesOf({ arch, packages }: LockedImage): readonly GuestPackage[] {
  return packages.map((one) => packageOf(one, arch));
}

function solvedAgain(
  request: ImageRequest,
  { arch, world }: ImageLock,
  indexes: readonly ArchIndexes[],
): readonly GuestPackage[] {
  const found = indexes.find((one) => one.arch === arch);
  if (found === undefined) return [];
  const contents = { ...request.config.contents, packages: world };
  const locked = { ...request, config: { ...request.config, contents } };
  return solveImage(imageWorld(lockRequest(locked)), found).map((one) => packageOf(one, arch));
}
