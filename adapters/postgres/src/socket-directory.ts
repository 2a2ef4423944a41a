import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { KilnError, messageOf } from '@kiln/base';

/** The port number only names the socket file; nothing listens on TCP. */
export const socketPort = 5432;

/** `sun_path` holds 107 bytes and a final NUL. */
const socketPathBytesMax = 107;

/**
 * The private directory of the server's socket for this home: short, the same for every process of
 * one user, another for each home. It need not exist.
 */
export function socketDirectoryOf(home: string): string {
  const real = realpathOrSelf(home);
  const hash = createHash('sha256').update(real).digest('hex').slice(0, 12);
  const name = `kiln-${ownerUid()}-${hash}`;
  const preferred = path.join(os.tmpdir(), name);
  return socketPathBytes(preferred) <= socketPathBytesMax ? preferred : path.join('/tmp', name);
}

/**
 * The user whose factory this is: this process's, unless `KILN_UID` says otherwise. A worker is root in a user namespace
 * of its own, where its user has another number; its supervisor tells it.
 */
export function ownerUid(): number {
  const told = Number.parseInt(process.env['KILN_UID'] ?? '', 10);
  return Number.isNaN(told) ? (process.getuid?.() ?? 0) : told;
}

function realpathOrSelf(home: string): string {
  try {
    return realpathSync(home);
  } catch {
    // Before the first start there is no home; then its path is the only name there is.
    return path.resolve(home);
  }
}

function socketPathBytes(directory: string): number {
  return Buffer.byteLength(path.join(directory, `.s.PGSQL.${socketPort}.lock`));
}

/** Makes the directory with mode 0700, or refuses one that others could have made. Throws `POSTGRES_SOCKET_UNUSABLE`. */
export function makeSocketDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700, recursive: true });
    const found = lstatSync(directory);
    const ours =
      found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
    if (ours) return;
  } catch (error) {
    throw unusable(directory, messageOf(error), error);
  }
  throw unusable(directory, 'it is not a private directory of this user', undefined);
}

function unusable(directory: string, why: string, cause: unknown): KilnError {
  return new KilnError(
    'POSTGRES_SOCKET_UNUSABLE',
    `cannot use ${directory} for the database socket: ${why}`,
    {
      hint: 'remove it, or set TMPDIR to a directory of your own with a short path',
      cause,
    },
  );
}
