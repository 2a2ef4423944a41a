import { hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { goJson } from './go-json.ts';

/** One image of an archive that `docker load` reads. */
export interface ArchivedImage {
  readonly config: Digest;
  /** `name:tag`, at least one. */
  readonly tags: readonly string[];
  /** Compressed layers, lowest first. */
  readonly layers: readonly Digest[];
}

/** The file name of a configuration in such an archive. */
export function archivedConfigName(config: Digest): string {
  return config;
}

/** The file name of a compressed layer in such an archive. */
export function archivedLayerName(layer: Digest): string {
  return `${hexOf(layer)}.tar.gz`;
}

/** The bytes of `manifest.json`, which says what is in such an archive. */
export function printArchiveManifest(images: readonly ArchivedImage[]): Uint8Array {
  const text = goJson(
    images.map(({ config, tags, layers }) => ({
      Config: archivedConfigName(config),
      RepoTags: [...tags],
      Layers: layers.map(archivedLayerName),
    })),
  );
  return new TextEncoder().encode(text);
}
