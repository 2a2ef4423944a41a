import { isUtf8 } from 'node:buffer';
import { createPublicKey } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { KilnError, compareBytes, messageOf, shorten } from '@kiln/base';
import type { GuestKeys } from '@kiln/solve';
import { failure, hasErrno, shown } from './failure.ts';
import type { Place } from './reference.ts';

export interface KeyringOptions {
  readonly fetch: (url: string) => Promise<Uint8Array>;
  readonly keyBytesMax: number;
  /**
   * `checked` (default): each is a public key, under a name that signatures can give. `any`: whatever the place has, as apko takes
   * it, under the last part of the place's name, but for private keys.
   */
  readonly content?: KeyContent | undefined;
}

export type KeyContent = 'checked' | 'any';

type Key = GuestKeys[number];

/**
 * Reads public keys: each place is a URL, a file, or a directory of which every `*.pub` counts. A key is called by its file
 * name, which is how signatures name it; two keys of one name are refused, because which of them counts would be luck.
 * Sorted by name. Throws `APK_CLIENT_KEY_INVALID`, `APK_CLIENT_UNREADABLE`, and what fetching throws.
 */
export async function readKeys(places: readonly Place[], options: KeyringOptions): Promise<Key[]> {
  const found = (await Promise.all(places.map((place) => readPlace(place, options)))).flat();
  const byName = new Map<string, Key>();
  for (const key of found) {
    const other = byName.get(key.name);
    if (other !== undefined && other.pem !== key.pem) {
      throw failure('APK_CLIENT_KEY_INVALID', `two different keys are called ${key.name}`, {
        hint: 'signatures name keys by their file names: rename one of the two and sign with it again',
      });
    }
    byName.set(key.name, key);
  }
  return [...byName.values()].sort((a, b) => compareBytes(a.name, b.name));
}

async function readPlace(place: Place, options: KeyringOptions): Promise<Key[]> {
  if (place.kind === 'remote') {
    const { address } = place;
    const name = options.content === 'any' ? posix.basename(address) : keyNameOf(address);
    return [keyOf(name, await options.fetch(address), { where: shown(address), ...options })];
  }
  try {
    const isDirectory = statSync(place.address).isDirectory();
    const files = isDirectory ? keyFiles(place.address) : [place.address];
    return await Promise.all(files.map((file) => readKeyFile(file, options)));
  } catch (error) {
    if (error instanceof KilnError) throw error;
    throw failure(
      'APK_CLIENT_UNREADABLE',
      `cannot read the key ${shorten(place.address, 200)}: ${messageOf(error)}`,
      {
        hint: hasErrno(error, 'ENOENT') ? 'check the path of the key' : 'check its permissions',
        cause: error,
      },
    );
  }
}

function keyFiles(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.pub'));
  return names.sort(compareBytes).map((name) => join(directory, name));
}

async function readKeyFile(path: string, options: KeyringOptions): Promise<Key> {
  const { keyBytesMax } = options;
  const found = statSync(path);
  if (found.size > keyBytesMax)
    throw failure(
      'APK_CLIENT_TOO_LARGE',
      `key ${shorten(path, 200)} is larger than ${keyBytesMax} bytes`,
    );
  // Of a pipe it may take long.
  const bytes = found.isFile() ? readFileSync(path) : await readFile(path);
  return keyOf(basename(path), bytes, { where: path, ...options });
}

/** The name of the key at a URL. */
export function keyNameOf(url: string): string {
  const segment = new URL(url).pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * It will be a file of the guest, so it must be a public key and nothing else, unless any content is taken. Throws
 * `APK_CLIENT_KEY_INVALID`.
 */
export function keyOf(
  name: string,
  bytes: Uint8Array,
  { where, content }: Pick<KeyringOptions, 'content'> & { readonly where: string },
): Key {
  const pem = Buffer.from(bytes).toString('utf8');
  const invalid = (reason: string, hint: string): KilnError =>
    failure('APK_CLIENT_KEY_INVALID', `${shorten(where, 200)} ${reason}`, { hint });
  if (content !== 'any' && !/^[a-zA-Z0-9_@+=-][a-zA-Z0-9_.@+=-]*$/.test(name))
    throw invalid('is no file name for a key', 'name it as signatures do, such as team.rsa.pub');
  if (/PRIVATE KEY/.test(pem))
    throw invalid('is a private key', 'give the public key beside it, which ends in .pub');
  if (content === 'any' ? !isUtf8(bytes) : !isPublicKey(pem))
    throw invalid('is no public key in PEM', 'check the path or the address');
  return { name, pem };
}

function isPublicKey(pem: string): boolean {
  try {
    createPublicKey(pem);
    return true;
  } catch {
    return false;
  }
}
