import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readIndex } from '@kiln/apk';
import type { ApkIndex, IndexTrust } from '@kiln/apk';
import { KilnError, messageOf, shorten } from '@kiln/base';
import type { RepositoryIndex } from '@kiln/solve';
import { failure, hasErrno, shown } from './failure.ts';
import type { RepositoryReference } from './reference.ts';

/** What was read of some repositories. */
export interface ReadIndexes {
  /** In the order of the repositories, without those that have none. */
  readonly indexes: readonly RepositoryIndex[];
  /** Directories that hold no index for this architecture, as they were written: nothing has been built into them yet. */
  readonly missing: readonly string[];
}

export interface ReadIndexesOptions {
  /** apk name. */
  readonly arch: string;
  readonly trust: IndexTrust;
  /** Repositories, as they are written, whose indexes are believed as they are. */
  readonly unsigned?: ReadonlySet<string>;
  readonly indexBytesMax: number;
  readonly indexContentBytesMax: number;
  readonly fetch: (url: string) => Promise<Uint8Array>;
}

const file = 'APKINDEX.tar.gz';

/**
 * Reads `<repository>/<arch>/APKINDEX.tar.gz` of each repository and verifies its signature before anything is believed. A
 * directory without one is passed over and named, as apko does; a server without one is an error. Throws what `readIndex`
 * throws, with the repository named, `APK_CLIENT_UNREADABLE`, `APK_CLIENT_TOO_LARGE`, and what fetching throws.
 */
export async function readIndexes(
  repositories: readonly RepositoryReference[],
  options: ReadIndexesOptions,
): Promise<ReadIndexes> {
  const read = await Promise.all(repositories.map((one) => readOne(one, options)));
  return {
    indexes: repositories.flatMap(({ address, tag }, i) => {
      const index = read[i];
      return index === undefined ? [] : [{ repository: address, tag, records: index.records }];
    }),
    missing: repositories.filter((_, i) => read[i] === undefined).map(({ text }) => text),
  };
}

async function readOne(
  repository: RepositoryReference,
  options: ReadIndexesOptions,
): Promise<ApkIndex | undefined> {
  const bytes =
    repository.kind === 'remote'
      ? await options.fetch(`${repository.address}/${options.arch}/${file}`)
      : readLocal(join(repository.address, options.arch, file), options.indexBytesMax);
  if (bytes === undefined) return undefined;
  const isBelieved = options.unsigned?.has(repository.text) === true;
  const trust: IndexTrust = isBelieved ? { unsigned: true } : options.trust;
  try {
    return await readIndex(bytes, trust, {
      contentBytesMax: options.indexContentBytesMax,
    });
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    throw new KilnError(error.code, `${shown(repository.text)}: ${error.message}`, {
      hint: hintFor(error, trust),
      details: { ...error.details, repository: shown(repository.text) },
      cause: error.cause,
    });
  }
}

function hintFor(error: KilnError, trust: IndexTrust): string | undefined {
  const isUnverified =
    'keys' in trust && /^APK_INDEX_(UNSIGNED|SIGNATURE_INVALID)$/.test(error.code);
  if (!isUnverified) return error.hint;
  if (trust.keys.size === 0)
    return 'no key was given that can verify: add one with --keyring-append (kiln package: --keyring), or say --ignore-signatures where that is an option';
  return error.code === 'APK_INDEX_UNSIGNED'
    ? 'sign it (kiln key sign --key KEY FILE), or remove it where it can be made again'
    : error.hint;
}

function readLocal(path: string, bytesMax: number): Uint8Array | undefined {
  let file: number | undefined;
  try {
    // A pipe would be waited for, here and for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = fstatSync(file);
    if (!found.isFile()) throw new Error('it is no file');
    if (found.size > bytesMax)
      throw failure(
        'APK_CLIENT_TOO_LARGE',
        `${shorten(path, 200)} is larger than ${bytesMax} bytes`,
      );
    return readFileSync(file);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    if (error instanceof KilnError) throw error;
    throw failure(
      'APK_CLIENT_UNREADABLE',
      `cannot read ${shorten(path, 200)}: ${messageOf(error)}`,
      {
        hint: 'check the path of the repository',
        cause: error,
      },
    );
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
