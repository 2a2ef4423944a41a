import {
  constants,
  createPrivateKey,
  createPublicKey,
  createVerify,
  privateEncrypt,
  sign,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { KilnError, hexOf, messageOf, shorten } from '@kiln/base';
import type { Digest } from '@kiln/base';

/** Public keys by file name, such as `wolfi-signing.rsa.pub`: PEM, SubjectPublicKeyInfo. */
export type Keyring = ReadonlyMap<string, string>;

/** What signature entries name: `RSA256` is SHA-256, `RSA` SHA-1, `RSA512` SHA-512; `DSA` is historical. */
export type SignatureAlgorithm = 'RSA' | 'RSA256' | 'RSA512' | 'DSA';

/** A signature as a package or an index carries it. */
export interface ApkSignature {
  readonly algorithm: SignatureAlgorithm;
  readonly keyName: string;
  readonly signature: Uint8Array;
}

export interface VerifyOptions {
  /** SHA-1 signatures are refused unless this says `accept`; some repositories still have no other. */
  readonly sha1?: 'refuse' | 'accept';
}

const keyBitsMin = 2048;
/** DER of a DigestInfo for SHA-256 up to the digest itself (RFC 8017, 9.2). */
const sha256Prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** RSA PKCS#1 v1.5 with SHA-256 over a compressed control or index segment; deterministic. Throws `APK_KEY_INVALID`. */
export function signControl(segment: Uint8Array, privateKeyPem: string): Uint8Array {
  return sign('sha256', segment, privateKey(privateKeyPem));
}

/** The signature of a segment of which only the SHA-256 is at hand: the same bytes as `signControl`. Throws `APK_KEY_INVALID`. */
export function signControlDigest(digest: Digest, privateKeyPem: string): Uint8Array {
  const info = Buffer.concat([sha256Prefix, Buffer.from(hexOf(digest), 'hex')]);
  return privateEncrypt(
    { key: privateKey(privateKeyPem), padding: constants.RSA_PKCS1_PADDING },
    info,
  );
}

/** Whether one signature holds; RSA512 and DSA are not looked at and never hold. Throws `APK_KEY_INVALID`. */
export function holds(
  signature: ApkSignature,
  segment: Uint8Array,
  publicKeyPem: string,
  options: VerifyOptions = {},
): boolean {
  const hash = hashOf(signature.algorithm, options);
  if (hash === undefined) return false;
  const key = { key: publicKey(publicKeyPem), padding: constants.RSA_PKCS1_PADDING };
  return createVerify(hash).update(segment).verify(key, signature.signature);
}

/**
 * The name of the first key of the ring with which a signature holds. Keys are looked up by the file name that the
 * signature gives, with or without `.rsa.pub`. Throws `APK_SIGNATURE_MISSING` when there is none at all,
 * `APK_SIGNATURE_INVALID` when none holds.
 */
export function verifySignatures(
  signatures: readonly ApkSignature[],
  segment: Uint8Array,
  keys: Keyring,
  options: VerifyOptions = {},
): string {
  if (signatures.length === 0)
    throw new KilnError('APK_SIGNATURE_MISSING', 'there is no signature');
  for (const signature of signatures) {
    const pem =
      keys.get(signature.keyName) ?? keys.get(signature.keyName.replace(/\.rsa\.pub$/, ''));
    if (pem !== undefined && holds(signature, segment, pem, options)) return signature.keyName;
  }
  throw new KilnError(
    'APK_SIGNATURE_INVALID',
    `no valid signature by a trusted key; ${reason(signatures, keys, options)}`,
    {
      hint: 'add the public key under the file name that the signature gives, or fetch the file again',
    },
  );
}

function reason(
  signatures: readonly ApkSignature[],
  keys: Keyring,
  options: VerifyOptions,
): string {
  const names = signatures
    .map((signature) => shorten(signature.keyName, 60))
    .slice(0, 5)
    .join(', ');
  if (signatures.every((signature) => hashOf(signature.algorithm, options) === undefined)) {
    return `signed by ${names} with ${signatures[0]?.algorithm ?? 'nothing'}, which is not accepted`;
  }
  return `signed by ${names}, trusted are ${[...keys.keys()].slice(0, 5).join(', ') || 'none'}`;
}

function hashOf(
  algorithm: SignatureAlgorithm,
  options: VerifyOptions,
): 'sha256' | 'sha1' | undefined {
  if (algorithm === 'RSA256') return 'sha256';
  return algorithm === 'RSA' && options.sha1 === 'accept' ? 'sha1' : undefined;
}

function privateKey(pem: string): KeyObject {
  return checked(() => createPrivateKey(pem));
}

function publicKey(pem: string): KeyObject {
  return checked(() => createPublicKey(pem));
}

/** The cause is left out: it could quote the key. */
function checked(make: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = make();
  } catch (error) {
    throw new KilnError('APK_KEY_INVALID', `not a PEM key: ${shorten(messageOf(error))}`);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < keyBitsMin) {
    throw new KilnError('APK_KEY_INVALID', `apk keys are RSA of at least ${keyBitsMin} bits`);
  }
  return key;
}
