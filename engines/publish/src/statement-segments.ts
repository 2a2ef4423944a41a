import type { Digest } from '@kiln/base';
import type { BlobSegment } from '@kiln/blobs';
import { composeBlob, packLimits, wholeSegment } from '@kiln/blobs';
import { alignedPart, base64Part, statementFrame } from '@kiln/intoto';
import type { ComposedStatement, StatementPart, StatementSegment } from './composed-image.ts';
import { storeComposed } from './store-composed.ts';
import type { ComposedStore } from './store-composed.ts';

/** Stores contents and gives each as a segment, in their order. */
export async function storeSegments(
  store: ComposedStore,
  contents: readonly Uint8Array[],
): Promise<readonly BlobSegment[]> {
  const blobs = contents.map((bytes) => composeBlob([bytes]));
  for (let at = 0; at < blobs.length; at += packLimits.blobsMax)
    await storeComposed(store, blobs.slice(at, at + packLimits.blobsMax));
  return blobs.map(({ digest }, at) => wholeSegment(digest, contents[at] ?? new Uint8Array()));
}

/**
 * Stores fragments of statements' JSON (they end between two tokens, and get blanks up to a multiple of three bytes) and
 * their base64, and gives each as a segment of statements and bundles, in their order.
 */
export async function storeStatementSegments(
  store: ComposedStore,
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
