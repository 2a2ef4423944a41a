import { createHash } from 'node:crypto';

/** Identity of a package: `Q1` and the padded base64 SHA-1 of the compressed control segment. */
export function checksumOf(control: Uint8Array): string {
  return `Q1${createHash('sha1').update(control).digest('base64')}`;
}

/** Whether a text has the form of a package checksum: `Q1` and 20 bytes in base64. */
export function isChecksum(text: string): boolean {
  return /^Q1[A-Za-z0-9+/]{27}=$/.test(text);
}
