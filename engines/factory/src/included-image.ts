import { KilnError } from '@kiln/base';
import {
  checkImageConfig,
  imageConfigYaml,
  overlayImageConfig,
  parseImageConfig,
} from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';

const depthMax = 8;

/** A file of a catalog; undefined when no catalog has it. */
export type ImageFileReader = (
  path: string,
) => { readonly label: string; readonly text: string } | undefined;

export interface WholeImage {
  readonly config: ImageConfig;
  /** The configuration's text; with what it includes merged in where it includes something. */
  readonly source: string;
}

/**
 * The configuration of an image laid over those it includes: `include: NAME.yaml` is `images/NAME.yaml` of its own catalog or of
 * one below. Throws `CATALOG_INCLUDE_UNKNOWN` and `CATALOG_INCLUDE_DEEP` at the key, and what parsing does.
 */
export function wholeImage(path: string, read: ImageFileReader): WholeImage {
  const file = read(path);
  if (file === undefined) throw new Error(`assertion failed: no file ${path}`);
  const own = parseImageConfig(file.text, file.label);
  if (own.include === '') return { config: own, source: file.text };
  const config = { ...merged(path, own, read, 0), include: '' };
  checkImageConfig(config, file.label);
  return { config, source: imageConfigYaml(config) };
}

function merged(
  path: string,
  config: ImageConfig,
  read: ImageFileReader,
  depth: number,
): ImageConfig {
  if (config.include === '') return config;
  const at = `${path}: include "${config.include}"`;
  if (depth >= depthMax)
    throw new KilnError('CATALOG_INCLUDE_DEEP', `${at}: more than ${depthMax} files deep`, {
      hint: 'does one include itself, or two each other? otherwise let one say what it needs itself',
    });
  const included = `images/${config.include}`;
  const file = /^[^/]+\.yaml$/.test(config.include) ? read(included) : undefined;
  if (file === undefined)
    throw new KilnError('CATALOG_INCLUDE_UNKNOWN', `${at}: there is no ${included}`, {
      hint: 'write the name of an image file of this catalog or of Kiln OS, such as nginx.yaml',
    });
  const below = merged(included, parseImageConfig(file.text, file.label), read, depth + 1);
  return overlayImageConfig(below, config);
}
