import type { Digest, OciDigest } from '@kiln/base';
import type { BlobStat, BlobStore } from '@kiln/blobs';
import type { RegistryState } from '@kiln/factory';
import type { ReadManifests } from './read-manifests.ts';
import type { UploadSessions } from './upload-sessions.ts';

/** A request, without the web framework it came through. */
export interface RegistryRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  /** A header's value by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** The body as it arrives; stopping early leaves the rest unread. */
  readonly body: () => AsyncIterable<Uint8Array>;
}

/** What to answer. */
export interface RegistryReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** A change that a client asks for. */
export interface PushRequest {
  readonly action: 'push-blob' | 'push-manifest' | 'delete-blob' | 'delete-manifest' | 'delete-tag';
  readonly repository: string;
  /** The blob or manifest, where it is known before the body arrives. */
  readonly digest: OciDigest | undefined;
  /** Every tag that would move or vanish. */
  readonly tags: readonly string[];
  readonly header: (name: string) => string | undefined;
}

/** `authenticate` is a `WWW-Authenticate` challenge and makes the answer 401 instead of 403. */
export type PushDecision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly message: string; readonly authenticate?: string };

export interface RegistryLimits {
  /** A manifest; the specification asks for at least 4 MiB. */
  readonly manifestBytesMax: number;
  /** A blob, however it is uploaded. */
  readonly blobBytesMax: number;
  /** Uploads under way in all repositories together. */
  readonly uploadsMax: number;
  /** An upload untouched for this long is forgotten. */
  readonly uploadIdleMs: number;
  /** Where there are `uploadsMax`, one that was untouched for this long gives way to another. */
  readonly uploadYieldMs: number;
  /** A connection on which nothing moves for this long, while a body is sent or received, is closed. */
  readonly idleMs: number;
  /** Items of one page of any list. */
  readonly pageItemsMax: number;
  /** Descriptors in one manifest. */
  readonly descriptorsMax: number;
  /** Tags in one push by digest; the specification asks for at least 10. */
  readonly tagsPerPushMax: number;
}

/** Limits for one machine. */
export const registryLimitsDefault: RegistryLimits = {
  manifestBytesMax: 4 * 1024 * 1024,
  blobBytesMax: 32 * 1024 ** 3,
  uploadsMax: 1000,
  uploadIdleMs: 24 * 60 * 60 * 1000,
  uploadYieldMs: 60 * 1000,
  idleMs: 5 * 60 * 1000,
  pageItemsMax: 1000,
  descriptorsMax: 10_000,
  tagsPerPushMax: 32,
};

/** Makes a file a blob and removes it; throws `BLOB_DIGEST_MISMATCH` where one is expected, and the file stays. */
export type TakeFile = (
  file: string,
  options: {
    readonly expected?: Digest | undefined;
    /** What was written to it. */
    readonly written?: BlobStat | undefined;
  },
) => Promise<BlobStat>;

/** What every handler works with. */
export interface RegistryContext {
  readonly blobs: BlobStore;
  readonly manifests: ReadManifests;
  readonly state: RegistryState;
  readonly uploads: UploadSessions;
  readonly takeFile: TakeFile;
  readonly limits: RegistryLimits;
  /** Throws a refusal `DENIED` or `UNAUTHORIZED`. */
  readonly authorize: (push: PushRequest) => Promise<void>;
}

/** A reply with a JSON document; the media type is sent exactly as given. */
export function jsonReply(
  document: unknown,
  mediaType = 'application/json',
  headers: Readonly<Record<string, string>> = {},
): RegistryReply {
  const body = new TextEncoder().encode(JSON.stringify(document));
  return {
    status: 200,
    headers: { 'content-type': mediaType, 'content-length': `${body.length}`, ...headers },
    body,
  };
}
