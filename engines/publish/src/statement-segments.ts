import type { Digest } from '@kiln/base';
import type { BlobPacks, BlobSegment, BlobStore } from '@kiln/blobs';
import { composeBlob, fitsPack, packLimits, wholeSegment } from '@kiln/blobs';
import { alignedPart, base64Part, statementFrame } from '@kiln/intoto';
import type { ComposedStatement, StatementPart, StatementSegment } from './composed-image.ts';

/** Where segments lie: small ones together, others by themselves. */
export type SegmentStore = BlobPacks & Pick<BlobStore, 'put'>;

/** Stores contents and gives each as a segment, in their order. */
export async function storeSegments(
  store: SegmentStore,
  contents: readonly Uint8Array[],
): Promise<readonly BlobSegment[]> {
  const blobs = contents.map((bytes) => composeBlob([bytes]));
  const small = blobs.filter(fitsPack);
  for (let at = 0; at < small.length; at += packLimits.blobsMax)
    await store.putMany(small.slice(at, at + packLimits.blobsMax));
  for (const [at, bytes] of contents.entries()) {
    const blob = blobs[at];
    if (blob !== undefined && !fitsPack(blob)) await store.put(bytes, blob.digest);
  }
  return blobs.map(({ digest }, at) => wholeSegment(digest, contents[at] ?? new Uint8Array()));
}

/**
 * Stores fragments of statements' JSON (they end between two tokens, and get blanks up to a multiple of three bytes) and
 * their base64, and gives each as a segment of statements and bundles, in their order.
 */
export async function storeStatementSegments(
  store: SegmentStore,
  fragments: readonly (Uint8Array | string)[],
): Promise<readonly StatementSegment[]> {
  const aligned = fragments.map((fragment) => alignedPart(fragment));
  const json = await storeSegments(store, aligned);
  const base64 = await storeSegments(store, aligned.map(base64Part));
  return json.flatMap((segment, at) => {
    const encoded = base64[at];
    return encoded === undefined ? [] : [{ json: segment, base64: encoded }];
  });
}

/** A statement about a manifest; the parts are the JSON of its predicate. Inline parts get blanks as fragments do. */
export function composeStatement(
  subject: { readonly name: string; readonly digest: Digest },
  predicateType: string,
  predicate: readonly StatementPart[],
): ComposedStatement {
  const { head, tail } = statementFrame(subject, predicateType);
  const parts = predicate.map((part) => (part instanceof Uint8Array ? alignedPart(part) : part));
  return { predicateType, parts: [head, ...parts, tail] };
}
