import type { RepositoryIndex } from '@kiln/solve';
import type { ImageRequest } from './request.ts';

/** What the packages of a base image are to a solve. */
export interface BasePackages {
  readonly index: RepositoryIndex;
  /** `name=version` each. */
  readonly world: readonly string[];
}

/**
 * The packages of the base images of architectures, by architecture; none where the request has no base image, as most have none:
 * what reads them is loaded only then. Throws `IMAGE_BASE_IMAGE`.
 */
export async function basePackagesOf(
  request: Pick<ImageRequest, 'config' | 'folders'>,
  archs: readonly string[],
): Promise<ReadonlyMap<string, BasePackages>> {
  if (request.config.contents.baseImage === undefined) return new Map();
  const { baseImageOf, baseIndex, baseWorld } = await import('./base-image.ts');
  return new Map(
    archs.flatMap((arch) => {
      const base = baseImageOf(request, arch);
      return base === undefined
        ? []
        : [[arch, { index: baseIndex(base), world: baseWorld(base) }] as const];
    }),
  );
}
