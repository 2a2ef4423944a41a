import { createHash } from 'node:crypto';
import { concatBytes, digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { ImageSource } from './image-source.ts';

/** An ordinary "no" with its reason, or the value. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

export const no = (reason: string): { readonly ok: false; readonly reason: string } => ({
  ok: false,
  reason,
});
export const yes = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

/** A manifest whose bytes have the digest it is asked by, and the size if one is expected. */
export async function readManifest(
  source: ImageSource,
  digest: Digest,
  sizeBytes?: number,
): Promise<Outcome<Uint8Array>> {
  const bytes = await source.readManifest(digest);
  if (bytes === undefined) return no(`manifest ${digest} is missing`);
  const actual = digestOf(bytes);
  if (actual !== digest) return no(`content of ${digest} has digest ${actual}`);
  if (sizeBytes !== undefined && bytes.length !== sizeBytes) {
    return no(`manifest ${digest} has ${bytes.length} bytes, its descriptor says ${sizeBytes}`);
  }
  return yes(bytes);
}

interface Expected {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Reads a blob through and compares digest and size; keeps nothing. */
export async function checkBlob(
  source: ImageSource,
  expected: Expected,
): Promise<Outcome<undefined>> {
  return throughBlob(source, expected, () => undefined);
}

/** A small blob, compared with digest and size. The caller has bounded `expected.sizeBytes`. */
export async function readBlob(
  source: ImageSource,
  expected: Expected,
): Promise<Outcome<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  const outcome = await throughBlob(source, expected, (chunk) => chunks.push(chunk));
  return outcome.ok ? yes(concatBytes(chunks)) : outcome;
}

async function throughBlob(
  source: ImageSource,
  { digest, sizeBytes }: Expected,
  take: (chunk: Uint8Array) => void,
): Promise<Outcome<undefined>> {
  const stream = await source.readBlob(digest);
  if (stream === undefined) return no(`blob ${digest} is missing`);
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > sizeBytes)
      return no(`blob ${digest} has more than the ${sizeBytes} bytes its descriptor says`);
    hash.update(chunk);
    take(chunk);
  }
  if (size !== sizeBytes)
    return no(`blob ${digest} has ${size} bytes, its descriptor says ${sizeBytes}`);
  const actual = `sha256:${hash.digest('hex')}`;
  return actual === digest ? yes(undefined) : no(`content of blob ${digest} has digest ${actual}`);
}
