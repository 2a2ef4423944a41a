import { hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { goJson } from './go-json.ts';

/** One image of an archive that `docker load` reads. */
export interface ArchivedImage {
  /** The name of its file in the archive. */
  readonly config: string;
  /** `name:tag`, at least one. */
  readonly tags: readonly string[];
  /** The names of files, lowest layer first. */
  readonly layers: readonly string[];
}

/** The file name of a configuration in apko's archives. */
export function archivedConfigName(config: Digest): string {
  return config;
}

/** The file name of a compressed layer in apko's archives. */
export function archivedLayerName(layer: Digest): string {
  return `${hexOf(layer)}.tar.gz`;
}

/** The bytes of `manifest.json`, which says what is in such an archive. */
export function printArchiveManifest(images: readonly ArchivedImage[]): Uint8Array {
  const text = goJson(
    images.map(({ config, tags, layers }) => ({
      Config: config,
      RepoTags: [...tags],
      Layers: [...layers],
    })),
  );
  return new TextEncoder().encode(text);
}
