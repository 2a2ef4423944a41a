import type { ByteRange } from './store.ts';

/** The request headers that decide which part of a representation is answered, as they arrived. */
export interface ConditionalHeaders {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifRange?: string | undefined;
  readonly range?: string | undefined;
}

/** What to answer to a GET or HEAD of `sizeBytes` bytes. */
export type RangeAnswer =
  | { readonly status: 200; readonly range: ByteRange }
  | { readonly status: 206; readonly range: ByteRange; readonly contentRange: string }
  | { readonly status: 304 }
  | { readonly status: 412 }
  | { readonly status: 416; readonly contentRange: string };

/** True when an `If-None-Match` or `If-Match` list names this entity tag, compared weakly (RFC 9110, 13.1). */
export function matchesEtag(header: string, etag: string): boolean {
  const weak = (text: string): string => text.trim().replace(/^W\//, '');
  return header.trim() === '*' || header.split(',').some((each) => weak(each) === weak(etag));
}

/**
 * Chooses between the whole, a part, "not modified", "precondition failed" and "range not satisfiable" (RFC 9110, sections 13 and 14).
 * One range is answered; of several the whole is sent, which a client has to accept. A range whose end is before its
 * start is answered with 416 rather than ignored, as the OCI distribution conformance tests ask for.
 */
export function answerRange(
  headers: ConditionalHeaders,
  { etag, sizeBytes }: { readonly etag: string; readonly sizeBytes: number },
): RangeAnswer {
  if (headers.ifMatch !== undefined && !matchesEtag(headers.ifMatch, etag)) return { status: 412 };
  if (headers.ifNoneMatch !== undefined && matchesEtag(headers.ifNoneMatch, etag)) {
    return { status: 304 };
  }
  const whole: RangeAnswer = { status: 200, range: { start: 0, end: sizeBytes } };
  if (headers.ifRange !== undefined && headers.ifRange.trim() !== etag) return whole;
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/.exec(headers.range ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return whole;
  const { start, end } = spanOf(match[1] ?? '', match[2] ?? '', sizeBytes);
  if (start >= end) return { status: 416, contentRange: `bytes */${sizeBytes}` };
  return {
    status: 206,
    range: { start, end },
    contentRange: `bytes ${start}-${end - 1}/${sizeBytes}`,
  };
}

/** `first-last`, `first-` or `-suffix` as a half-open range; an empty one cannot be satisfied. */
function spanOf(first: string, last: string, sizeBytes: number): ByteRange {
  if (first === '') return { start: Math.max(0, sizeBytes - Number(last)), end: sizeBytes };
  const end = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  return { start: Number(first), end };
}
