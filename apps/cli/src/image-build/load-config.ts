import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { KilnError, messageOf, shorten } from '@kiln/base';
import {
  checkImageConfig,
  mergeImageConfig,
  overlayImageConfig,
  parseImageConfig,
} from '@kiln/image-config';
import type { ConfigDialect, ImageConfig } from '@kiln/image-config';
import { readBoundedFile } from '../bounded-file.ts';

/** A configuration with all it includes. */
export interface LoadedConfig {
  readonly config: ImageConfig;
  /** `sha256-` and base64, over the bytes of the file and of what it includes, in the order of reading. */
  readonly checksum: string;
}

const configBytesMax = 16 * 1024 * 1024;
const includesMax = 100;

/**
 * Reads a configuration and what it includes, each from where it says, or else from the folders. In dialect `kiln` a package that
 * is refused (`!name`) is not asked for by what is included. Throws `IMAGE_CONFIG_NOT_FOUND`, `IMAGE_CONFIG_UNREADABLE` and what
 * `parseImageConfig` throws, with file, line and column.
 */
export function loadConfig(
  file: string,
  { folders, dialect }: { readonly folders: readonly string[]; readonly dialect: ConfigDialect },
): LoadedConfig {
  const hash = createHash('sha256');
  const config = load(file, { folders, dialect, hash, depth: 0 });
  checkImageConfig(config, file, dialect);
  return { config, checksum: `sha256-${hash.digest('base64')}` };
}

function load(
  file: string,
  context: {
    readonly folders: readonly string[];
    readonly dialect: ConfigDialect;
    readonly hash: ReturnType<typeof createHash>;
    readonly depth: number;
    /** Who includes it. */
    readonly by?: string;
  },
): ImageConfig {
  const { folders, dialect, hash, depth } = context;
  if (depth > includesMax)
    throw unreadable(
      file,
      `more than ${includesMax} files include others`,
      'does one include itself, or two each other?',
    );
  const found = findPath(file, folders);
  if (found === undefined) throw absent(file, context);
  const bytes = readBounded(found);
  hash.update(bytes);
  const part = depth === 0 ? 'whole' : 'included';
  const config = parseImageConfig(textOf(bytes, { file, dialect }), file, dialect, part);
  if (config.include === '') return config;
  const included = load(config.include, { ...context, depth: depth + 1, by: file });
  return dialect === 'apko'
    ? mergeImageConfig(included, config)
    : overlayImageConfig(included, config);
}

/** The path itself when something is there, else the first folder’s that has it. */
export function findPath(file: string, folders: readonly string[]): string | undefined {
  return [file, ...folders.map((folder) => path.join(folder, file))].find(
    (one) => fs.statSync(one, { throwIfNoEntry: false }) !== undefined,
  );
}

/** The bytes of a configuration, which are UTF-8, under the name that it was given. Throws `IMAGE_CONFIG_UNREADABLE` and `LOCAL_FILE_TOO_LARGE`. */
export function readConfigBytes(place: string, file: string): Buffer {
  const bytes = readBounded(place);
  requireUtf8(bytes, file);
  return bytes;
}

function requireUtf8(bytes: Buffer, file: string): void {
  if (!isUtf8(bytes)) throw unreadable(file, 'not UTF-8');
}

/** In dialect `apko` also UTF-16, which begins with its byte order mark. */
function textOf(
  bytes: Buffer,
  { file, dialect }: { readonly file: string; readonly dialect: ConfigDialect },
): string {
  const mark = bytes.subarray(0, 2).toString('hex');
  if (dialect === 'kiln' || (mark !== 'fffe' && mark !== 'feff')) {
    requireUtf8(bytes, file);
    return bytes.toString('utf8');
  }
  try {
    return new TextDecoder(mark === 'fffe' ? 'utf-16le' : 'utf-16be', { fatal: true }).decode(
      bytes,
    );
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw unreadable(file, 'not UTF-16');
  }
}

function readBounded(file: string): Buffer {
  try {
    return readBoundedFile(file, configBytesMax);
  } catch (error) {
    if (error instanceof KilnError) throw error;
    throw unreadable(file, messageOf(error));
  }
}

/** In dialect `apko` its words, which do not say the name. */
function absent(
  file: string,
  { dialect, depth, by }: Pick<Parameters<typeof load>[1], 'dialect' | 'depth' | 'by'>,
): KilnError {
  const name = shorten(file, 200);
  if (dialect === 'apko') {
    const what = 'failed to read include file: '.repeat(depth);
    return new KilnError(
      'IMAGE_CONFIG_NOT_FOUND',
      `failed to load image configuration: ${what}file does not exist`,
      { hint: `there is no ${name}; its folder can be given with --include-paths` },
    );
  }
  const includes = by === undefined ? '' : `, which ${shorten(by, 200)} includes`;
  return new KilnError('IMAGE_CONFIG_NOT_FOUND', `there is no configuration "${name}"${includes}`, {
    hint: 'check the name; the folder of one that is included can be given with --include-paths',
  });
}

function unreadable(
  file: string,
  why: string,
  hint: string = 'configurations are small text files',
): KilnError {
  return new KilnError(
    'IMAGE_CONFIG_UNREADABLE',
    `failed to load image configuration: ${shorten(file, 200)}: ${shorten(why, 300)}`,
    { hint },
  );
}
