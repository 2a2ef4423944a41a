import { KilnError, shorten, withoutUserInfo } from '@kiln/base';

/** What this package says is wrong. */
export type ApkClientCode =
  | 'APK_CLIENT_ANSWER'
  | 'APK_CLIENT_AUTH_INVALID'
  | 'APK_CLIENT_CHECKSUM_MISMATCH'
  | 'APK_CLIENT_KEY_INVALID'
  | 'APK_CLIENT_NOT_FOUND'
  | 'APK_CLIENT_NO_SPACE'
  | 'APK_CLIENT_OFFLINE'
  | 'APK_CLIENT_REFERENCE_INVALID'
  | 'APK_CLIENT_REFUSED'
  | 'APK_CLIENT_TOO_LARGE'
  | 'APK_CLIENT_UNAVAILABLE'
  | 'APK_CLIENT_UNREADABLE';

export interface FailureOptions {
  readonly hint?: string;
  readonly retry?: 'never' | 'later';
  readonly cause?: unknown;
}

/** An error of this package. */
export function failure(
  code: ApkClientCode,
  message: string,
  options: FailureOptions = {},
): KilnError {
  return new KilnError(code, message, options);
}

/** An address for a message: no credentials, and no query, which may hold a token. */
export function shown(address: string): string {
  return shorten(withoutUserInfo(address).replace(/^(https?:[^?#]*)[?#].*$/i, '$1'), 200);
}

export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
