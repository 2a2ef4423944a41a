import { KilnError, collect, shorten } from '@kiln/base';
import { gzipBytes } from '@kiln/gzip';
import { fileEntry, readTar, tarBytes } from '@kiln/tar';
import { apkInvalid } from './errors.ts';
import type { ApkSignature, SignatureAlgorithm } from './signature.ts';

export interface SignatureSegmentOptions {
  /** File name of the public key, such as `kiln.rsa.pub`; no slash. */
  readonly keyName: string;
  /** As `signControl` makes it. */
  readonly signature: Uint8Array;
  /** The build date. */
  readonly mtimeSeconds: number;
}

/** Bytes of one signature entry at most. */
export const signatureBytesMax: number = 64 * 1024;

/** The gzip member that goes before what was signed: one entry `.SIGN.RSA256.<key>`, no end of archive. Throws `APK_KEY_INVALID`. */
export function signatureSegment(options: SignatureSegmentOptions): Uint8Array {
  const { keyName, signature, mtimeSeconds } = options;
  if (!isKeyName(keyName))
    throw new KilnError('APK_KEY_INVALID', `key file name is "${shorten(keyName)}"`);
  const entry = fileEntry(`.SIGN.RSA256.${keyName}`, signature.length, { mtimeSeconds });
  // Stored, not compressed: the size of a package, which images record, must not depend on the signature's bits.
  return gzipBytes(tarBytes([{ entry, content: signature }], { end: 'none' }), { level: 0 });
}

/**
 * The signatures in the uncompressed tar of a segment, or undefined when it is no signature segment, which the name of
 * its first entry decides. Throws `APK_INVALID` for other entries among them or more than 64 KiB, and what `readTar` does.
 */
export async function parseSignatures(
  tar: Uint8Array,
): Promise<readonly ApkSignature[] | undefined> {
  const signatures: ApkSignature[] = [];
  for await (const { entry, content } of readTar(tar)) {
    const match = /^\.SIGN\.([A-Z0-9]+)\.(.+)$/.exec(entry.path);
    if (signatures.length === 0 && !entry.path.startsWith('.SIGN.')) return undefined;
    const algorithm = algorithms.get(match?.[1] ?? '');
    const keyName = match?.[2] ?? '';
    if (algorithm === undefined || !isKeyName(keyName))
      throw apkInvalid(`signature is named "${shorten(entry.path)}"`);
    if (entry.sizeBytes > signatureBytesMax) throw apkInvalid('signature is larger than 64 KiB');
    const bytes =
      content instanceof Uint8Array
        ? content
        : await collect(content, signatureBytesMax, () => apkInvalid('signature is too large'));
    signatures.push({ algorithm, keyName, signature: bytes });
  }
  return signatures.length === 0 ? undefined : signatures;
}

const algorithms: ReadonlyMap<string, SignatureAlgorithm> = new Map(
  (['RSA', 'RSA256', 'RSA512', 'DSA'] as const).map((name) => [name, name]),
);

/** Whether signatures can give a key this file name. */
export function isKeyName(name: string): boolean {
  return /^[A-Za-z0-9@._+-][A-Za-z0-9@._+ -]{0,199}$/.test(name) && !name.startsWith('..');
}
