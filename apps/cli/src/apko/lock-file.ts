import fs from 'node:fs';
import { KilnError, messageOf, shorten, sortUnique } from '@kiln/base';
import type { Logger } from '@kiln/base';
import { canonicalArch, lockFileBytesMax, parseLockFile } from '@kiln/image-config';
import type { LockFile } from '@kiln/image-config';
import type { GuestPackage, ImageLock } from '@kiln/solve';
import { apkArch } from './architectures.ts';
import type { ImageRequest } from './request.ts';

/**
 * Reads the lock that a build is made from. Throws `IMAGE_LOCK_INVALID`, and `APKO_LOCK_STALE` for one of another
 * configuration, or of this one before it was edited.
 */
export function readLockFile(
  file: string,
  { checksum, file: config }: ImageRequest,
  log: Logger,
): LockFile {
  const lock = parseLockFile(readBytes(file), file);
  if (lock.config === undefined)
    log.warn('the lock file does not contain checksum of the config. Please regenerate.');
  else if (lock.config.checksum !== checksum)
    throw new KilnError(
      'APKO_LOCK_STALE',
      `checksum in the lock file '${shorten(file, 200)}' does not match the config '${shorten(config, 200)}'`,
      { hint: 'make the lock anew, with kiln apko lock' },
    );
  return lock;
}

/** The architectures of a request that a lock has packages for, in the order of the request. */
export function locksOfFile(lock: LockFile, archs: readonly string[]): readonly ImageLock[] {
  return [...new Set(archs)].flatMap((arch) => {
    const world = lock.packages
      .filter(({ architecture }) => canonicalArch(architecture) === arch)
      .map(({ name, version }) => `${name}=${version}`);
    return world.length === 0 ? [] : [{ arch, world }];
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

/** Architectures that are asked for twice, which a lock cannot hold. */
export function repeatedArchitectures(archs: readonly string[]): readonly string[] {
  return sortUnique(archs.filter((arch, i) => archs.indexOf(arch) !== i));
}

function readBytes(file: string): Buffer {
  try {
    if (fs.statSync(file).size > lockFileBytesMax) throw new Error('too large');
    return fs.readFileSync(file);
  } catch (error) {
    throw new KilnError(
      'IMAGE_LOCK_INVALID',
      `failed to load lockfile: ${shorten(file, 200)}: ${shorten(messageOf(error), 300)}`,
      { hint: 'make it with kiln apko lock' },
    );
  }
}
