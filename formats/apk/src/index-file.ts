import { KilnError, collect, shorten } from '@kiln/base';
import { firstMember, gzipBytes } from '@kiln/gzip';
import { fileEntry, readTar, tarBytes } from '@kiln/tar';
import { indexInvalid } from './errors.ts';
import { printIndex } from './index-text.ts';
import type { PrintIndexOptions } from './index-text.ts';
import type { IndexRecord } from './package-info.ts';
import { PackedIndex } from './packed-index.ts';
import { splitSignatures } from './signature-split.ts';
import { verifySignatures } from './signature.ts';
import type { ApkSignature, Keyring, VerifyOptions } from './signature.ts';

/** A repository index that was read. */
export interface ApkIndex {
  readonly records: PackedIndex;
  readonly description: string;
  /** File name of the key whose signature was verified; undefined when none was asked for. */
  readonly signedBy: string | undefined;
}

/** Whom to believe: the holders of these keys, or, said in so many words, anyone. */
export type IndexTrust = ({ readonly keys: Keyring } & VerifyOptions) | { readonly unsigned: true };

export interface IndexLimits {
  /** Bytes of the index before compression; default 300 MiB. */
  readonly contentBytesMax: number;
}

const defaultIndexLimits: IndexLimits = { contentBytesMax: 300 * 2 ** 20 };

/**
 * The compressed member of `APKINDEX.tar.gz` that is signed: a tar of `APKINDEX` and `DESCRIPTION` with its end.
 * The file is the `signatureSegment` over these bytes and these bytes. Throws `APK_INDEX_INVALID`.
 */
export function printIndexMember(
  records: readonly IndexRecord[],
  description: string,
  options: PrintIndexOptions = {},
): Uint8Array {
  const members = [
    ['APKINDEX', printIndex(records, options)],
    ['DESCRIPTION', description],
  ].map(([path = '', text = '']) => {
    const content = Buffer.from(text);
    return { entry: fileEntry(path, content.length), content };
  });
  return gzipBytes(tarBytes(members));
}

/**
 * Reads `APKINDEX.tar.gz`; where keys are given, nothing of the index is parsed before a signature over it was verified. Throws
 * `APK_INDEX_UNSIGNED` (keys given, no signature), `APK_INDEX_SIGNATURE_INVALID`, `APK_INDEX_INVALID`, and what gzip and tar do.
 */
export async function readIndex(
  bytes: Uint8Array,
  trust: IndexTrust,
  limits: Partial<IndexLimits> = {},
): Promise<ApkIndex> {
  const { signatures, rest: signed } = await splitSignatures(bytes);
  const signedBy = 'keys' in trust ? requireSignature(signatures, signed, trust) : undefined;
  const limit = { ...defaultIndexLimits, ...limits }.contentBytesMax;
  const member = firstMember(signed, { outputBytesMax: limit });
  if (member.compressed.length !== signed.length)
    throw indexInvalid('index has more than one member');
  return { ...(await readFiles(member.content)), signedBy };
}

function requireSignature(
  signatures: readonly ApkSignature[],
  signed: Uint8Array,
  trust: { readonly keys: Keyring } & VerifyOptions,
): string {
  if (signatures.length === 0) {
    throw new KilnError('APK_INDEX_UNSIGNED', 'repository index is not signed', {
      hint: 'sign it, or say that this repository may be unsigned',
    });
  }
  try {
    return verifySignatures(signatures, signed, trust.keys, trust);
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'APK_SIGNATURE_INVALID') throw error;
    throw new KilnError('APK_INDEX_SIGNATURE_INVALID', `repository index has ${error.message}`, {
      hint: error.hint,
      cause: error,
    });
  }
}

async function readFiles(tar: Uint8Array): Promise<Pick<ApkIndex, 'records' | 'description'>> {
  const files = new Map<string, Uint8Array>();
  for await (const { entry, content } of readTar(tar, { duplicates: 'refuse' })) {
    if (!['APKINDEX', 'DESCRIPTION'].includes(entry.path) || entry.type !== 'file') {
      throw indexInvalid(`unexpected "${shorten(entry.path)}" in the index`);
    }
    files.set(entry.path, await bytesOf(content));
  }
  const text = files.get('APKINDEX');
  if (text === undefined) throw indexInvalid('index has no APKINDEX');
  const description = textOf(files.get('DESCRIPTION') ?? new Uint8Array());
  return { records: new PackedIndex(withoutReturns(text)), description };
}

/** Lines may end in CR LF, as they may for apko. */
function withoutReturns(text: Uint8Array): Uint8Array {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.length);
  if (!bytes.includes('\r\n')) return text;
  return Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

async function bytesOf(content: AsyncIterable<Uint8Array> | Uint8Array): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  return collect(content, Number.MAX_SAFE_INTEGER, () => indexInvalid('index is too large'));
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw indexInvalid('index is not UTF-8');
  }
}
