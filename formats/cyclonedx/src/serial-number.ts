import { createHash } from 'node:crypto';
import type { Digest } from '@kiln/base';

/** The name space of URLs (RFC 9562, 6.6). */
const urls = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');

/** The serial number of a thing's document: the UUID (version 5, RFC 9562) of the URL `oci:DIGEST`. */
export function serialNumber(digest: Digest): string {
  const hash = createHash('sha1').update(urls).update(`oci:${digest}`).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const uuid = hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return `urn:uuid:${uuid}`;
}
