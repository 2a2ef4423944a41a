import { KilnError } from '@kiln/base';
import type { ImageConfig } from '@kiln/image-config';
import { parseImageConfig } from '@kiln/image-config';
import { overlayBytesMax } from './composition.ts';

/** Reads what is laid over a base. Throws what parsing does, `COMPOSE_OVERLAY_LARGE` and `COMPOSE_OVERLAY_KEY`. */
export function parseOverlay(source: string): ImageConfig {
  if (Buffer.byteLength(source) > overlayBytesMax)
    throw new KilnError('COMPOSE_OVERLAY_LARGE', 'the overlay is longer than 64 KiB', {
      hint: 'put large contents into a package',
    });
  const overlay = parseImageConfig(source, 'overlay');
  const { contents, include, archs } = overlay;
  const refused = Object.entries({
    include: include !== '',
    archs: archs.length > 0,
    'contents.repositories': contents.repositories.length > 0,
    'contents.build_repositories': contents.buildRepositories.length > 0,
    'contents.runtime_repositories': contents.runtimeRepositories.length > 0,
    'contents.keyring': contents.keyring.length > 0,
    'contents.baseimage': contents.baseImage !== undefined,
  }).flatMap(([key, used]) => (used ? [key] : []));
  if (refused.length === 0) return overlay;
  throw new KilnError('COMPOSE_OVERLAY_KEY', `an overlay has no "${refused.join('", "')}"`, {
    hint: 'the base says where its packages come from, and for which architecture it is',
  });
}
