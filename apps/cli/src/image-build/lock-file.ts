import path from 'node:path';
import { KilnError, shorten, sortUnique, withoutUserInfo } from '@kiln/base';
import type { Logger } from '@kiln/base';
import { canonicalArch, lockFileBytesMax, parseLockFile } from '@kiln/image-config';
import type { LockFile, LockedKey } from '@kiln/image-config';
import type { GuestKeys, GuestPackage, ImageLock } from '@kiln/solve';
import { readBoundedFile } from '../bounded-file.ts';
import { unreadableFile } from '../local/recipe-file.ts';
import { apkArch } from './architectures.ts';
import { installedKeys } from './request.ts';
import type { ImageRequest } from './request.ts';

/**
 * Reads the lock that a build is made from. Throws `IMAGE_LOCK_INVALID`, `IMAGE_LOCK_STALE` for one of another
 * configuration, or of this one before it was edited, and what `unreadableFile` says of one that cannot be read.
 */
export function readLockFile(
  file: string,
  { checksum, file: config, dialect }: ImageRequest,
  log: Logger,
): LockFile {
  const lock = parseLockFile(readBytes(file), file, dialect);
  if (lock.config === undefined)
    log.warn('the lock file does not contain checksum of the config. Please regenerate.');
  else if (lock.config.checksum !== checksum)
    throw new KilnError(
      'IMAGE_LOCK_STALE',
      `checksum in the lock file '${shorten(file, 200)}' does not match the config '${shorten(config, 200)}'`,
      { hint: 'make the lock anew' },
    );
  return lock;
}

/**
 * The architectures of a request that a lock has packages for, in the order of the request. Dialect `kiln` wants all of them
 * there: throws `IMAGE_LOCK_ARCHITECTURE`.
 */
export function locksOfFile(
  lock: LockFile,
  archs: readonly string[],
  { dialect }: Pick<ImageRequest, 'dialect'>,
): readonly ImageLock[] {
  return [...new Set(archs)].flatMap((arch) => {
    const world = lock.packages
      .filter(({ architecture }) => canonicalArch(architecture) === arch)
      .map(({ name, version }) => `${name}=${version}`);
    if (world.length > 0) return [{ arch, world }];
    if (dialect === 'apko') return [];
    throw new KilnError('IMAGE_LOCK_ARCHITECTURE', `the lock has no packages for ${arch}`, {
      hint: 'make it anew for every architecture, or name others with --arch',
    });
  });
}

/** The packages of one architecture of a lock, in its order. Throws `IMAGE_LOCK_INVALID` for one without a checksum. */
export function packagesOfFile(lock: LockFile, arch: string): readonly GuestPackage[] {
  const packages = lock.packages.filter(({ architecture }) => architecture === apkArch(arch));
  return packages.map(({ name, version, url, checksum }) => {
    if (checksum === '')
      throw new KilnError(
        'IMAGE_LOCK_INVALID',
        `locked package ${shorten(name)} has missing checksum`,
        {
          hint: 'make the lock anew',
        },
      );
    return { name, version, checksum, sizeBytes: 0, url, repository: '', tag: '' };
  });
}

/** The keys that an image gets, as the lock holds them; undefined where an older tool left them out. */
export function keysOfFile(lock: LockFile, request: ImageRequest): GuestKeys | undefined {
  const places = installedKeys(request).map(withoutUserInfo);
  const found = places.map((place) =>
    lock.keyring.filter(({ url }) => url === place || path.posix.dirname(url) === place),
  );
  if (found.some((keys) => keys.length === 0 || keys.some(({ content }) => content === '')))
    return undefined;
  const nameOf = request.dialect === 'apko' ? path.posix.basename : keyName;
  return found.flat().map(({ url, content }) => ({ name: nameOf(url), pem: content }));
}

/** A key as locks hold it: the address of a key in a folder ends with its name. */
export function lockedKey(place: string, { name, pem }: GuestKeys[number]): LockedKey {
  const plain = withoutUserInfo(place);
  const url = keyName(plain) === name ? plain : `${plain.replace(/\/+$/, '')}/${name}`;
  return { name: url.replace(/^https?:\/\//, ''), url, content: pem };
}

function keyName(url: string): string {
  const last = path.posix.basename(url);
  try {
    return /^https?:/.test(url) ? decodeURIComponent(last) : last;
  } catch {
    // Not encoded: it is the name.
    return last;
  }
}

/** Architectures that are asked for twice, which a lock cannot hold. */
export function repeatedArchitectures(archs: readonly string[]): readonly string[] {
  return sortUnique(archs.filter((arch, i) => archs.indexOf(arch) !== i));
}

function readBytes(file: string): Buffer {
  try {
    return readBoundedFile(file, lockFileBytesMax);
  } catch (error) {
    throw unreadableFile(file, error);
  }
}
