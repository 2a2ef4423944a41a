import { KilnError, messageOf, shorten } from '@kiln/base';

/** An error with the file's name in front; of the system's errors it makes `APK_FILE_NOT_FOUND` or `APK_FILE_FAILED`. */
export function atFile(path: string, error: unknown): unknown {
  const name = shorten(path, 200);
  if (error instanceof KilnError) {
    const { code, hint, retry, details, cause } = error;
    return new KilnError(code, `${name}: ${error.message}`, { hint, retry, details, cause });
  }
  const errno = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof errno !== 'string') return error;
  if (errno === 'ENOENT') return new KilnError('APK_FILE_NOT_FOUND', `${name}: no such file`);
  return new KilnError('APK_FILE_FAILED', `${name}: ${messageOf(error)}`);
}
