import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { KilnError } from '@kiln/base';
import type { Random } from '@kiln/base';
import { signControl, signatureSegment } from '@kiln/apk';
import { atFile } from './file-errors.ts';
import { bytesFrom, openRegular, readHead } from './package-file.ts';
import type { PackageHead } from './package-file.ts';
import { replaceFile } from './replace-file.ts';
import type { SigningKey } from './signing-key.ts';

/** What was signed. */
export interface SignedFile {
  readonly path: string;
  readonly kind: 'package' | 'index';
  readonly keyName: string;
  /** Names of the keys whose signatures were there, and are gone. */
  readonly replaced: readonly string[];
}

/**
 * Signs a package file: the signatures that were there go, control and data stay as they are, byte for byte. The
 * signature's time is `.PKGINFO`'s. A package whose data are not what its control says is not signed. Throws, with the
 * file's name, what `readPackage` throws, `APK_DATA_HASH_MISMATCH`, `APK_KEY_INVALID`, `APK_FILE_NOT_FOUND` and `APK_FILE_FAILED`.
 */
export async function signPackageFile(
  path: string,
  key: SigningKey,
  random: Random,
): Promise<SignedFile> {
  try {
    await using file = await openRegular(path);
    const head = await readHead(file);
    await replaceFile(path, signed(file, head, key), random);
    const replaced = head.signatures.map((signature) => signature.keyName);
    return { path, kind: 'package', keyName: key.keyName, replaced };
  } catch (error) {
    throw atFile(path, error);
  }
}

async function* signed(
  file: FileHandle,
  head: PackageHead,
  { keyName, pem }: SigningKey,
): AsyncGenerator<Uint8Array> {
  const [first] = head.control;
  if (first === undefined || first.entry.path !== '.PKGINFO')
    throw new KilnError('APK_INVALID', 'control segment does not begin with .PKGINFO');
  const signature = signControl(head.controlBytes, pem);
  yield signatureSegment({ keyName, signature, mtimeSeconds: first.entry.mtimeSeconds });
  yield head.controlBytes;
  const hash = createHash('sha256');
  for await (const chunk of bytesFrom(file, head.dataOffset)) {
    hash.update(chunk);
    yield chunk;
  }
  const { dataHash } = head.info;
  if (dataHash !== '' && hash.digest('hex') !== dataHash)
    throw new KilnError('APK_DATA_HASH_MISMATCH', 'data segment is not what .PKGINFO says', {
      hint: 'the file was damaged or cut short; fetch or build it again',
    });
}
