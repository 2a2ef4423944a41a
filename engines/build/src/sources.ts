import type { Digest } from '@kiln/base';

/** A source archive that a recipe names. */
export interface SourceRequest {
  /** Canonical upstream URL, or `debian-source:PACKAGE/VERSION/FILE`. */
  readonly uri: string;
  /** What the bytes must be. */
  readonly digest: { readonly algorithm: 'sha256' | 'sha512'; readonly hex: string };
}

export interface FetchedSource {
  /** Where the blob store has it. */
  readonly blob: Digest;
  readonly sizeBytes: number;
  /** Which place answered: `store`, or a mirror's name, or `url`. For the log; it is not part of any identity. */
  readonly from: string;
}

/**
 * Looks a source up by digest in the local store, then in mirrors, then at its URL.
 * Throws `SOURCE_DIGEST_MISMATCH` (never retried, names both digests), `SOURCE_UNAVAILABLE` (retry later, hint).
 */
export interface SourceFetcher {
  fetch(request: SourceRequest, signal?: AbortSignal): Promise<FetchedSource>;
}

/** One place that may know bytes by digest. Undefined: not known here. */
export interface SourceMirror {
  readonly name: string;
  find(
    request: SourceRequest,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
}
