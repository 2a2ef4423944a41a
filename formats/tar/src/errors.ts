import { KilnError, shorten } from '@kiln/base';

/** The archive breaks the format: `TAR_CORRUPT`. */
export function corrupt(message: string): KilnError {
  return new KilnError('TAR_CORRUPT', message);
}

/** The archive ends inside a member: `TAR_TRUNCATED`. */
export function truncated(): KilnError {
  return new KilnError('TAR_TRUNCATED', 'tar archive ends early');
}

/** A bound of `TarLimits` was passed: `TAR_TOO_LARGE`. */
export function tooLarge(message: string): KilnError {
  return new KilnError('TAR_TOO_LARGE', message);
}

/** A path or a link that could leave the root, or is no text: `TAR_UNSAFE_PATH`. */
export function unsafePath(path: string, why: string): KilnError {
  return new KilnError('TAR_UNSAFE_PATH', `path "${shorten(path)}" ${why}`);
}
