import { KilnError } from '@kiln/base';

/**
 * Standard base64 with padding, and only its canonical spelling: no white space, no URL alphabet, no stray bits, so
 * that one value has one text. Throws `code`.
 */
export function base64Bytes(text: string, code: string, what: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new KilnError(code, `${what}: not base64`);
  return bytes;
}
