import { KilnError, collect, concatBytes } from '@kiln/base';
import type { Random } from '@kiln/base';
import {
  mergeRecords,
  printIndexMember,
  readIndex,
  signControl,
  signatureSegment,
  splitSignatures,
} from '@kiln/apk';
import type { ApkIndex, IndexRecord, PrintIndexOptions } from '@kiln/apk';
import { firstMember } from '@kiln/gzip';
import { readTar } from '@kiln/tar';
import { atFile } from './file-errors.ts';
import { changingIndex } from './index-lock.ts';
import { bytesFrom, openRegular } from './package-file.ts';
import type { SignedFile } from './package-sign.ts';
import { replaceFile } from './replace-file.ts';
import type { ReplaceFileOptions } from './replace-file.ts';
import { publicPemOf } from './signing-key.ts';
import type { SigningKey } from './signing-key.ts';

/** Compressed; far more than the largest index there is. */
const indexBytesMax = 256 * 2 ** 20;
const contentBytesMax = 300 * 2 ** 20;

/**
 * Reads an index file; undefined where there is none. With a key its signature over the index has to be there and hold,
 * without one signatures are not looked at. Throws, with the file's name, what `readIndex` throws, and `APK_FILE_FAILED`.
 */
export async function readIndexFile(
  path: string,
  signedBy?: SigningKey,
): Promise<ApkIndex | undefined> {
  const keys = signedBy && new Map([[signedBy.keyName, publicPemOf(signedBy)]]);
  try {
    return await readIndex(await wholeFile(path), keys ? { keys } : { unsigned: true });
  } catch (error) {
    const named = atFile(path, error);
    if (named instanceof KilnError && named.code === 'APK_FILE_NOT_FOUND') return undefined;
    throw named;
  }
}

export interface WriteIndexOptions extends PrintIndexOptions, ReplaceFileOptions {
  readonly description?: string;
  /** Without one the index is unsigned. */
  readonly key?: SigningKey | undefined;
  readonly random: Random;
}

/** Writes an index file of records in the order given. Throws `APK_INDEX_INVALID`, `APK_KEY_INVALID`, `APK_FILE_FAILED`, `APK_FILE_NOT_FOUND`. */
export async function writeIndexFile(
  path: string,
  records: readonly IndexRecord[],
  options: WriteIndexOptions,
): Promise<void> {
  const member = printIndexMember(records, options.description ?? '', options);
  try {
    await replaceFile(path, withSignature(member, options.key), options.random, options);
  } catch (error) {
    throw atFile(path, error);
  }
}

export interface MergeIndexOptions extends Omit<WriteIndexOptions, 'description'> {
  /** Reads the index whose records and description are kept: the file itself, where it does not say otherwise. */
  readonly present?: () => Promise<ApkIndex | undefined>;
  /** Of all records; without it those that are kept come first. */
  readonly order?: (a: IndexRecord, b: IndexRecord) => number;
}

/**
 * Adds records to an index file, where they replace those of their names and versions, and returns all. What others add at the same
 * time is not lost. Throws what `present`, `writeIndexFile` and `changingIndex` throw.
 */
export async function mergeIntoIndexFile(
  path: string,
  joining: readonly IndexRecord[],
  { present = () => readIndexFile(path), order, ...options }: MergeIndexOptions,
): Promise<readonly IndexRecord[]> {
  return changingIndex(path, async () => {
    const kept = await present();
    const merged = mergeRecords(kept?.records ?? [], joining);
    const records = order === undefined ? merged : merged.toSorted(order);
    await writeIndexFile(path, records, { ...options, description: kept?.description ?? '' });
    return records;
  });
}

/**
 * Signs an index file, in place of the signatures it has; the index itself stays as it is, byte for byte. Throws, with
 * the file's name, `APK_INDEX_INVALID`, what gzip and tar throw, `APK_KEY_INVALID`, `APK_FILE_NOT_FOUND`,
 * `APK_FILE_FAILED` and `INDEX_LOCKED`.
 */
export async function signIndexFile(
  path: string,
  key: SigningKey,
  random: Random,
): Promise<SignedFile> {
  try {
    return await changingIndex(path, async () => {
      const { signatures, rest } = await signedIndex(path);
      await replaceFile(path, withSignature(rest, key), random);
      const replaced = signatures.map((signature) => signature.keyName);
      return { path, kind: 'index', keyName: key.keyName, replaced };
    });
  } catch (error) {
    throw atFile(path, error);
  }
}

/** Whether an index file has a signature. Throws as `signIndexFile`. */
export async function isSignedIndexFile(path: string): Promise<boolean> {
  try {
    return (await signedIndex(path)).signatures.length > 0;
  } catch (error) {
    throw atFile(path, error);
  }
}

async function signedIndex(path: string): ReturnType<typeof splitSignatures> {
  const split = await splitSignatures(await wholeFile(path));
  await requireIndex(split.rest);
  return split;
}

/** An index has no time of its own, so its signature has none either. */
function withSignature(member: Uint8Array, key: SigningKey | undefined): Uint8Array[] {
  if (key === undefined) return [member];
  const signature = signControl(member, key.pem);
  return [signatureSegment({ keyName: key.keyName, signature, mtimeSeconds: 0 }), member];
}

/** What is signed has to be an index; what its records say is not our business here. */
async function requireIndex(bytes: Uint8Array): Promise<void> {
  const { content } = firstMember(bytes, { outputBytesMax: contentBytesMax });
  const paths: string[] = [];
  for await (const { entry } of readTar(content)) paths.push(entry.path);
  if (!paths.includes('APKINDEX'))
    throw new KilnError('APK_INDEX_INVALID', 'there is no APKINDEX in it');
}

async function wholeFile(path: string): Promise<Uint8Array> {
  await using file = await openRegular(path);
  const tooLarge = (): Error =>
    new KilnError('APK_INDEX_INVALID', `index is larger than ${indexBytesMax} bytes`);
  return concatBytes([await collect(bytesFrom(file, 0), indexBytesMax, tooLarge)]);
}
