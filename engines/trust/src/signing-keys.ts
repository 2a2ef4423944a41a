import { createHash, createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { KilnError } from '@kiln/base';

/** Private keys as text: PKCS#8 PEM. Never logged, never part of an error. */
export interface SigningKeyPems {
  /** RSA 4096, for packages and indexes. */
  readonly apkPem: string;
  /** ECDSA P-256, for statements about images. */
  readonly imagePem: string;
}

/** The keys of a signer, opened. */
export interface SigningKeys {
  /** The file name under which clients keep the public half: `kiln-<8 hex digits>.rsa.pub`. */
  readonly apkKeyName: string;
  readonly apkKey: KeyObject;
  readonly imageKey: KeyObject;
}

/** What everybody may know: SubjectPublicKeyInfo in PEM. */
export interface PublicKeys {
  readonly apkKeyName: string;
  readonly apkKeyPem: string;
  /** Usable as `cosign verify --key`. */
  readonly imageKeyPem: string;
}

/** Makes new keys from the platform's randomness; takes up to some seconds. */
export async function generateSigningKeys(): Promise<SigningKeyPems> {
  const generate = promisify(generateKeyPair);
  const [apk, image] = await Promise.all([
    generate('rsa', { modulusLength: 4096, publicExponent: 0x10001 }),
    generate('ec', { namedCurve: 'P-256' }),
  ]);
  return { apkPem: privatePem(apk.privateKey), imagePem: privatePem(image.privateKey) };
}

/** Opens keys. Throws `KEYS_INVALID` for anything but RSA of 2048 bits or more and ECDSA P-256. */
export function openSigningKeys(pems: SigningKeyPems): SigningKeys {
  const apkKey = openPrivate(pems.apkPem, 'apk key');
  const imageKey = openPrivate(pems.imagePem, 'image key');
  if (
    apkKey.asymmetricKeyType !== 'rsa' ||
    (apkKey.asymmetricKeyDetails?.modulusLength ?? 0) < 2048
  ) {
    throw new KilnError('KEYS_INVALID', 'the apk key is not RSA of 2048 bits or more');
  }
  if (!isP256(imageKey)) throw new KilnError('KEYS_INVALID', 'the image key is not ECDSA P-256');
  return { apkKeyName: apkKeyName(apkKey), apkKey, imageKey };
}

/** The public halves of a signer's keys. */
export function publicHalves(keys: SigningKeys): PublicKeys {
  return {
    apkKeyName: keys.apkKeyName,
    apkKeyPem: publicPem(keys.apkKey),
    imageKeyPem: publicPem(keys.imageKey),
  };
}

/** Opens the public image key. Throws `KEYS_INVALID` when it is not ECDSA P-256 in PEM. */
export function openImageKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    // The cause could quote a private key that was passed by mistake.
    throw new KilnError('KEYS_INVALID', 'the image key is not a public key in PEM', {
      hint: 'kiln key public prints that of a factory',
    });
  }
  if (!isP256(key)) throw new KilnError('KEYS_INVALID', 'the image key is not ECDSA P-256');
  return key;
}

/** Base64 of the SHA-256 of the public key's SubjectPublicKeyInfo: how bundles hint at a key. */
export function keyHint(key: KeyObject): string {
  return createHash('sha256').update(spki(key)).digest('base64');
}

function apkKeyName(key: KeyObject): string {
  return `kiln-${createHash('sha256').update(spki(key)).digest('hex').slice(0, 8)}.rsa.pub`;
}

function isP256(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
}

function openPrivate(pem: string, what: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause is dropped on purpose: nothing of a private key may enter an error.
    throw new KilnError('KEYS_INVALID', `the ${what} is not a private key in PEM`);
  }
}

function publicOf(key: KeyObject): KeyObject {
  return key.type === 'private' ? createPublicKey(key) : key;
}

function spki(key: KeyObject): Uint8Array {
  return publicOf(key).export({ type: 'spki', format: 'der' });
}

function publicPem(key: KeyObject): string {
  return publicOf(key).export({ type: 'spki', format: 'pem' }).toString();
}

function privatePem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
