import { getSystemErrorMessage } from 'node:util';
import { KilnError, shorten } from '@kiln/base';

const nextByCode: Readonly<Record<string, string>> = {
  EACCES: 'check who may read and write there',
  EPERM: 'check who may read and write there',
  EROFS: 'what is there cannot be changed: name another place',
  ENOENT: 'check that it is there, and each folder above it',
  ENOTDIR: 'a file is where a folder has to be: name another place',
  EISDIR: 'a folder is where a file has to be: name another place',
  EEXIST: 'something else is there: name another place',
  ENOTEMPTY: 'something else is there: name another place',
  ENOSPC: 'make room on that disk',
  EDQUOT: 'make room on that disk',
  EMFILE: 'raise the limit of open files (ulimit -n)',
  ENFILE: 'the whole machine has too many files open',
  ELOOP: 'symbolic links lead in a circle there',
  ENAMETOOLONG: 'give it a shorter name',
};

const passing = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE']);

/**
 * What the system refused, such as a folder that may not be written or a program that is not installed, as an error that a
 * person can act on: `HOST_CALL_FAILED`. Undefined for what no call of the system threw.
 */
export function hostErrorOf(error: unknown): KilnError | undefined {
  if (!(error instanceof Error) || error instanceof KilnError) return undefined;
  const { code, syscall, errno, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  if (code === undefined || syscall === undefined || errno === undefined) return undefined;
  // Node's own removal of trees tells the number without its sign.
  const why = getSystemErrorMessage(-Math.abs(errno)) ?? code;
  const [call = '', program] = syscall.split(' ');
  if (call.startsWith('spawn') && program !== undefined) {
    return new KilnError('HOST_CALL_FAILED', `cannot run ${shorten(program, 200)}: ${why}`, {
      hint: code === 'ENOENT' ? 'is it installed, and in PATH?' : nextByCode[code],
    });
  }
  const places = [path, dest].filter((place) => place !== undefined);
  const where = places.map((place) => `"${shorten(place, 200)}"`).join(' to ');
  // Node says so of a file system that is read-only, too.
  const isMade = call === 'mkdir' && code === 'ENOENT';
  return new KilnError('HOST_CALL_FAILED', `${call}${where === '' ? '' : ` ${where}`}: ${why}`, {
    hint: isMade ? 'check that folders can be made there' : nextByCode[code],
    retry: passing.has(code) ? 'later' : 'never',
  });
}
