import { dirname } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { KilnError, messageOf, shorten } from '@kiln/base';

const full = 'make room on that disk';
const forbidden = 'check who may read and write there';
const nextByCode: Readonly<Record<string, string>> = {
  EACCES: forbidden,
  EPERM: forbidden,
  EROFS: 'what is there cannot be changed: name another place',
  ENOSPC: full,
  EDQUOT: full,
};

/** An error with the file's name in front; of the system's errors it makes `APK_FILE_NOT_FOUND` or `APK_FILE_FAILED`. */
export function atFile(path: string, error: unknown): unknown {
  const name = shorten(path, 200);
  if (error instanceof KilnError) {
    const { code, hint, retry, details, cause } = error;
    return new KilnError(code, `${name}: ${error.message}`, { hint, retry, details, cause });
  }
  const { code, errno, path: place } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || typeof code !== 'string') return error;
  // A file that is written is made under another name first.
  if (code === 'ENOENT' && place !== undefined && place !== path) return noFolderOf(path);
  if (code === 'ENOENT') return new KilnError('APK_FILE_NOT_FOUND', `${name}: no such file`);
  const why = errno === undefined ? undefined : getSystemErrorMessage(errno);
  return new KilnError('APK_FILE_FAILED', `${name}: ${why ?? messageOf(error)}`, {
    hint: nextByCode[code],
    retry: nextByCode[code] === full ? 'later' : 'never',
  });
}

/** `APK_FILE_NOT_FOUND` of a file that is to be written into a folder that is not there. */
export function noFolderOf(path: string): KilnError {
  const name = shorten(path, 200);
  return new KilnError('APK_FILE_NOT_FOUND', `${name}: there is no folder ${dirname(path)}`, {
    hint: 'make it first, or name another one',
  });
}
