import type { Digest, OciDigest } from '@kiln/base';
import { answerRange } from '@kiln/blobs';
import type { ByteRange } from '@kiln/blobs';
import type { RegistryReply, RegistryRequest } from './exchange.ts';

export interface ServedContent {
  readonly digest: Digest;
  /** What it was asked for by, or is told under. */
  readonly name: OciDigest;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** Named by its digest, so that it can never change under this address. */
  readonly immutable: boolean;
  /** What is to be sent of it. */
  readonly part: (range: ByteRange) => Uint8Array | AsyncIterable<Uint8Array>;
}

/** Answers a GET or HEAD for content: whole, in part, or not modified. */
export function contentReply(request: RegistryRequest, content: ServedContent): RegistryReply {
  const etag = `"${content.digest}"`;
  const headers = {
    'docker-content-digest': content.name,
    etag,
    'accept-ranges': 'bytes',
    'cache-control': content.immutable ? 'max-age=31536000, immutable' : 'no-cache',
    'x-content-type-options': 'nosniff',
  };
  const conditions = {
    ifMatch: request.header('if-match'),
    ifNoneMatch: request.header('if-none-match'),
    ifRange: request.header('if-range'),
    // A range has a meaning only for GET (RFC 9110, 14.2); HEAD tells of the whole.
    range: request.method === 'GET' ? request.header('range') : undefined,
  };
  const answer = answerRange(conditions, { etag, sizeBytes: content.sizeBytes });
  switch (answer.status) {
    case 304:
    case 412:
      return { status: answer.status, headers };
    case 416:
      return { status: 416, headers: { ...headers, 'content-range': answer.contentRange } };
    case 200:
    case 206: {
      const { range } = answer;
      return {
        status: answer.status,
        headers: {
          ...headers,
          'content-type': content.mediaType,
          'content-length': `${range.end - range.start}`,
          ...(answer.status === 206 ? { 'content-range': answer.contentRange } : {}),
        },
        ...(request.method === 'HEAD' ? {} : { body: content.part(range) }),
      };
    }
  }
}
