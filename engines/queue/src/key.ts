import { KilnError, shorten } from '@kiln/base';

/**
 * The name of one unit of reconciliation: a prefix that picks the reconciler, a colon, an identity,
 * e.g. `package:zlib@x86_64`. It carries no payload: the reconciler reads the world again.
 */
export type Key = `${string}:${string}`;

/** A key is at most this many bytes of UTF-8. */
export const keyBytesMax = 512;

/** The key in a text from outside. Throws `QUEUE_KEY_INVALID`. */
export function parseKey(text: string): Key {
  const wellFormed = /^[a-z][a-z0-9-]*:\P{Cc}+$/u.test(text) && text.isWellFormed();
  if (!wellFormed || Buffer.byteLength(text) > keyBytesMax) {
    throw new KilnError('QUEUE_KEY_INVALID', `not a key: "${shorten(text)}"`, {
      hint: `a key is PREFIX:IDENTITY without control characters, at most ${keyBytesMax} bytes, such as package:zlib@x86_64`,
    });
  }
  return text as Key;
}

/** The text before the first colon: `package` of `package:zlib@x86_64`. */
export function prefixOf(key: Key): string {
  return key.slice(0, key.indexOf(':'));
}

/** The text after the first colon: `zlib@x86_64` of `package:zlib@x86_64`. */
export function identityOf(key: Key): string {
  return key.slice(key.indexOf(':') + 1);
}
