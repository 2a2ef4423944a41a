import {
  checksumOf,
  recordOf,
  signControl,
  signatureSegment,
  type IndexRecord,
  type PackageInfo,
} from '@kiln/apk';
import { replaceFile, type SigningKey } from '@kiln/apk-files';
import { systemRandom, type Digest } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';

/** A package that is made: its control segment, and its data segment in a store. */
export interface MadePackage {
  readonly info: PackageInfo;
  readonly control: Uint8Array;
  readonly data: { readonly digest: Digest; readonly sizeBytes: number };
}

export interface WriteApkRequest {
  readonly blobs: BlobStore;
  /** Without one the package is not signed. */
  readonly key: SigningKey | undefined;
  /** Of the signature, in seconds since 1970. */
  readonly mtimeSeconds: number;
  /** Undefined: nothing is written. */
  readonly file: string | undefined;
  /** See `replaceFile`. */
  readonly durable?: boolean;
}

/** Puts a package together, signs it and writes it; the file is there whole or not at all. Returns its line of an index. */
export async function writeApk(
  { info, control, data }: MadePackage,
  { blobs, key, mtimeSeconds, file, durable }: WriteApkRequest,
): Promise<IndexRecord> {
  const signature =
    key === undefined
      ? new Uint8Array(0)
      : signatureSegment({
          keyName: key.keyName,
          signature: signControl(control, key.pem),
          mtimeSeconds,
        });
  async function* segments(): AsyncGenerator<Uint8Array> {
    yield signature;
    yield control;
    yield* blobs.read(data.digest);
  }
  if (file !== undefined) await replaceFile(file, segments(), systemRandom, { durable });
  return recordOf(info, checksumOf(control), signature.length + control.length + data.sizeBytes);
}
