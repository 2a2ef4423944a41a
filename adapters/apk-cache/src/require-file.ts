import { hash } from 'node:crypto';
import type { Digest } from '@kiln/base';
import { requireDigest } from './seen-bytes.ts';

/**
 * What is before the data of a file, for one that was already found to have its digest: it is not hashed as a whole again then, as
 * the control segment in it has the hash of the data.
 */
export interface BeforeData {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Whether these are the bytes of a package, but for the data, whose hash has to be compared too. Throws `APK_DIGEST_MISMATCH`. */
export function requireFile(
  bytes: Uint8Array,
  { apk, beforeData }: { readonly apk: Digest; readonly beforeData?: BeforeData | undefined },
): void {
  const part = bytes.subarray(0, beforeData?.sizeBytes);
  const found = hash('sha256', part);
  if (beforeData !== undefined && beforeData.sha256 === found) return;
  requireDigest(apk, part.length === bytes.length ? found : hash('sha256', bytes));
}
