import { KilnError } from '@kiln/base';

/** `.PKGINFO` is not what it should be: `APK_INFO_INVALID`. */
export function infoInvalid(message: string): KilnError {
  return new KilnError('APK_INFO_INVALID', message);
}

/** The file is no apk v2 package: `APK_INVALID`. */
export function apkInvalid(message: string): KilnError {
  return new KilnError('APK_INVALID', message);
}

/** The repository index is not what it should be: `APK_INDEX_INVALID`. */
export function indexInvalid(message: string): KilnError {
  return new KilnError('APK_INDEX_INVALID', message);
}

export function controlTooLarge(limitBytes: number): KilnError {
  return new KilnError('APK_TOO_LARGE', `control segment is larger than ${limitBytes} bytes`);
}
