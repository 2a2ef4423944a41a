import path from 'node:path';
import { readIndex } from '@kiln/apk';
import { ApkClient } from '@kiln/apk-client';
import { KilnError, shorten } from '@kiln/base';
import type { RepositoryIndex } from '@kiln/solve';
import { readBytes } from './recipe-file.ts';
import { isFile } from './source-directory.ts';

export interface RepositoryIndexesOptions {
  /** apk name. */
  readonly arch: string;
  /** Files and URLs of public keys. With one or more every index has to be signed by one of them. */
  readonly keys: readonly string[];
  /** Repositories, as they are written, that are believed unsigned whatever the keys. */
  readonly unsigned?: readonly string[] | undefined;
  readonly cacheFolder: string;
  /** Told of folders that have no index for the architecture. */
  onMissing(place: string): void;
}

/**
 * Indexes of repositories, in order: index files, folders with an index or with one for the architecture, and URLs, each
 * perhaps with `@tag` before it. What is local is believed unsigned where no keys are given; a server's is not. Throws what
 * reading indexes throws.
 */
export async function repositoryIndexes(
  places: readonly string[],
  options: RepositoryIndexesOptions,
): Promise<readonly RepositoryIndex[]> {
  if (places.length === 0) return [];
  const client = (ignoreSignatures: boolean): ApkClient =>
    new ApkClient({
      cacheDirectory: path.join(options.cacheFolder, 'apk'),
      workingDirectory: process.cwd(),
      httpAuth: process.env['HTTP_AUTH'],
      ignoreSignatures,
      unsigned: options.unsigned ?? [],
    });
  const keys = await client(false).keys(options.keys);
  const indexes: RepositoryIndex[] = [];
  for (const text of places) {
    const { place, tag } = splitTag(text);
    const file = indexFileOf(place);
    if (file !== undefined) {
      const trust =
        keys.length === 0 || options.unsigned?.includes(text) === true
          ? ({ unsigned: true } as const)
          : { keys: new Map(keys.map(({ name, pem }) => [name, pem])) };
      const { records } = await naming(file, () => readIndex(readBytes(file), trust));
      indexes.push({ repository: place, tag, records });
      continue;
    }
    const isLocal = !/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(place);
    const read = await client(isLocal && keys.length === 0).indexes([text], {
      arch: options.arch,
      keys,
    });
    for (const missing of read.missing) options.onMissing(missing);
    indexes.push(...read.indexes);
  }
  return indexes;
}

function splitTag(text: string): { readonly place: string; readonly tag: string } {
  const match = /^@([A-Za-z0-9._-]+)\s+(.*)$/.exec(text.trim());
  return { place: match?.[2] ?? text, tag: match?.[1] ?? '' };
}

/** The index where the place is one, or has one right in it. */
function indexFileOf(place: string): string | undefined {
  if (isFile(place)) return place;
  const inside = path.join(place, 'APKINDEX.tar.gz');
  return isFile(inside) ? inside : undefined;
}

async function naming<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    const { code, message, hint, cause } = error;
    throw new KilnError(code, `${shorten(file, 200)}: ${message}`, { hint, cause });
  }
}
