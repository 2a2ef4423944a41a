import { createHash, createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { link, lstat, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { KilnError, shorten } from '@kiln/base';
import type { Random } from '@kiln/base';
import { isKeyName } from '@kiln/apk';
import { atFile } from './file-errors.ts';
import { bytesFrom, openRegular } from './package-file.ts';
import { syncDirectory, writeTemporary } from './replace-file.ts';

/** A private key as it signs packages and indexes. */
export interface SigningKey {
  /** The public half's file name, as signatures give it: the private file's with `.pub`. */
  readonly keyName: string;
  /** PEM; never part of an error. */
  readonly pem: string;
}

const keyBytesMax = 64 * 1024;

/**
 * Reads a private key. Throws `APK_FILE_NOT_FOUND`, `APK_FILE_FAILED`, and `APK_KEY_INVALID` also for what is no private key; what is
 * no RSA key shows when it signs.
 */
export async function readSigningKey(path: string): Promise<SigningKey> {
  try {
    await using file = await openRegular(path);
    const { size } = await file.stat();
    if (size > keyBytesMax) throw new KilnError('APK_KEY_INVALID', `a key file of ${size} bytes`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytesFrom(file, 0)) chunks.push(chunk);
    const pem = Buffer.concat(chunks).toString('utf8');
    requirePrivate(pem);
    return { keyName: publicNameOf(path), pem };
  } catch (error) {
    throw atFile(path, error);
  }
}

function requirePrivate(pem: string): void {
  try {
    createPrivateKey(pem);
  } catch {
    // The cause is left out: it could quote the key.
    throw new KilnError('APK_KEY_INVALID', 'not a private key in PEM', {
      hint: 'name the private half, without .pub; kiln key generate makes a pair',
    });
  }
}

/** The public half in PEM. Throws `APK_KEY_INVALID`. */
export function publicPemOf(key: SigningKey): string {
  try {
    return createPublicKey(key.pem).export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    // The cause is left out: it could quote the key.
    throw new KilnError(
      'APK_KEY_INVALID',
      `${key.keyName} is not the half of a private key in PEM`,
    );
  }
}

/** Throws `APK_KEY_INVALID` for a name that no signature can give. */
function publicNameOf(path: string): string {
  const name = `${basename(path)}.pub`;
  if (isKeyName(name)) return name;
  throw new KilnError('APK_KEY_INVALID', `a key cannot be named "${shorten(name)}"`, {
    hint: 'letters, digits, spaces and any of @._+- ; clients look keys up by file name',
  });
}

export interface GenerateKeyOptions {
  /** The private key's file; the public one's is this with `.pub`. */
  readonly path: string;
  /** Bits of the modulus, 2048 to 16384. */
  readonly bits: number;
  /** What happens to files that are there: `refuse` throws `APK_KEY_EXISTS`. */
  readonly present: 'refuse' | 'replace';
  readonly random: Random;
}

export interface GeneratedKey {
  readonly privateFile: string;
  readonly publicFile: string;
  readonly keyName: string;
  readonly bits: number;
  /** SHA-256 of the public key's SubjectPublicKeyInfo, in hexadecimal. */
  readonly fingerprint: string;
}

export const keyBitsMin: number = 2048;
export const keyBitsMax: number = 16_384;

/**
 * Makes an RSA key: the private file is PKCS#1 in PEM, mode 0600, the public one SubjectPublicKeyInfo in PEM, mode
 * 0644. Takes seconds with many bits. Throws `APK_KEY_INVALID`, `APK_KEY_EXISTS`, `APK_FILE_FAILED`, `APK_FILE_NOT_FOUND`.
 */
export async function generateKeyFiles(options: GenerateKeyOptions): Promise<GeneratedKey> {
  const { path, bits, present, random } = options;
  if (!Number.isInteger(bits) || bits < keyBitsMin || bits > keyBitsMax)
    throw new KilnError('APK_KEY_INVALID', `key size is ${bits} bits`, {
      hint: `${keyBitsMin} bits are the least that is safe, ${keyBitsMax} the most`,
    });
  const keyName = publicNameOf(path);
  const publicFile = `${path}.pub`;
  if (present === 'refuse') await Promise.all([path, publicFile].map(refusePresent));
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: bits });
  const publicKey = createPublicKey(privateKey);
  await place(path, pemOf(privateKey, 'pkcs1'), { mode: 0o600, present, random });
  await place(publicFile, pemOf(publicKey, 'spki'), { mode: 0o644, present, random });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const fingerprint = createHash('sha256').update(der).digest('hex');
  return { privateFile: path, publicFile, keyName, bits, fingerprint };
}

function pemOf(key: KeyObject, type: 'pkcs1' | 'spki'): Uint8Array {
  return Buffer.from(key.export({ type, format: 'pem' }));
}

async function refusePresent(path: string): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) === undefined) return;
  throw keyExists(path);
}

function keyExists(path: string): KilnError {
  return new KilnError('APK_KEY_EXISTS', `${shorten(path, 200)} is there already`, {
    hint: 'what it signed can be signed again only by it: move it away, or choose another name',
  });
}

interface Placing {
  readonly mode: number;
  readonly present: 'refuse' | 'replace';
  readonly random: Random;
}

async function place(path: string, pem: Uint8Array, options: Placing): Promise<void> {
  const temporary = `${path}.${options.random.id()}.tmp`;
  try {
    await writeTemporary(temporary, [pem], { mode: options.mode });
    // A link, unlike a rename, fails where somebody else was faster.
    if (options.present === 'refuse') await link(temporary, path);
    else await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    const errno = error instanceof Error && 'code' in error ? error.code : undefined;
    throw errno === 'EEXIST' ? keyExists(path) : atFile(path, error);
  } finally {
    await rm(temporary, { force: true });
  }
}
