import { KilnError } from '@kiln/base';

/** True when the operating system failed with one of these codes. */
export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/**
 * Turns what an operator can cause into an error that says so: `BLOB_NO_SPACE` for a full disk, quota or file size
 * limit, `BLOB_DIRECTORY_DENIED` for missing rights. Everything else passes unchanged.
 */
export function translateErrno(error: unknown, directory: string): unknown {
  if (hasErrno(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) {
    return new KilnError('BLOB_NO_SPACE', `no space left for blobs in ${directory}`, {
      hint: 'free or add disk space and try again; nothing half-written was kept',
      retry: 'later',
      cause: error,
      details: { directory },
    });
  }
  if (hasErrno(error, 'EACCES', 'EPERM', 'EROFS')) {
    return new KilnError('BLOB_DIRECTORY_DENIED', `may not write or read blobs in ${directory}`, {
      hint: 'make the directory writable for the user that runs Kiln',
      cause: error,
      details: { directory },
    });
  }
  return error;
}
