import { createPublicKey, privateEncrypt, publicDecrypt } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { assert, concatBytes, hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { gzipBytes } from '@kiln/gzip';
import { fileEntry, tarBytes } from '@kiln/tar';

/** DER of `DigestInfo { sha256, NULL }` up to the digest (RFC 8017, 9.2, note 1). */
const sha256Prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/**
 * RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2) over content of which only the digest is known. Deterministic.
 * The result is checked before it is returned.
 */
export function signSha256(key: KeyObject, digest: Digest): Uint8Array {
  const encoded = concatBytes([sha256Prefix, Buffer.from(hexOf(digest), 'hex')]);
  const signature = privateEncrypt(key, encoded);
  const recovered = publicDecrypt(createPublicKey(key), signature);
  assert(Buffer.compare(recovered, encoded) === 0, 'an RSA signature verifies');
  return signature;
}

export interface SignatureSegmentRequest {
  /** The private RSA key. */
  readonly key: KeyObject;
  /** File name of the public key: `kiln-01234567.rsa.pub`. */
  readonly keyName: string;
  /** SHA-256 of the compressed control segment or index member that follows the signature. */
  readonly digest: Digest;
  readonly mtimeSeconds: number;
}

/**
 * The signature segment of an apk v2 package or index: one gzip member that holds an open tar archive with the single
 * file `.SIGN.RSA256.<key name>`. The same request gives the same bytes.
 */
export function signatureSegment(request: SignatureSegmentRequest): Uint8Array {
  const content = signSha256(request.key, request.digest);
  const name = `.SIGN.RSA256.${request.keyName}`;
  const entry = fileEntry(name, content.length, { mtimeSeconds: request.mtimeSeconds });
  return gzipBytes(tarBytes([{ entry, content }], { end: 'none' }));
}
