import type { Digest } from '@kiln/base';
import { KilnError } from '@kiln/base';
import type { ByteRange } from './store.ts';

/** What `bytes` accepts when no limit is given: 64 MiB. */
export const blobBytesLimitDefault: number = 64 * 1024 * 1024;

/** `BLOB_UNKNOWN`: no blob has this digest. */
export function blobUnknown(digest: Digest): KilnError {
  return new KilnError('BLOB_UNKNOWN', `blob unknown: ${digest}`, { details: { digest } });
}

/** `BLOB_TOO_LARGE`: the blob is larger than the caller accepts in memory. */
export function blobTooLarge(digest: Digest, sizeBytes: number, limitBytes: number): KilnError {
  return new KilnError(
    'BLOB_TOO_LARGE',
    `blob ${digest} has ${sizeBytes} bytes, limit is ${limitBytes}`,
    {
      details: { digest, sizeBytes, limitBytes },
    },
  );
}

/** `BLOB_DIGEST_MISMATCH`: the content is not what its name says. */
export function blobDigestMismatch(expected: Digest, actual: Digest): KilnError {
  return new KilnError(
    'BLOB_DIGEST_MISMATCH',
    `content has digest ${actual}, expected ${expected}`,
    {
      details: { expected, actual },
    },
  );
}

/**
 * The part of a blob of `sizeBytes` that a range selects: an end past the blob is moved to its end.
 * Throws `BLOB_RANGE_INVALID` for negative or fractional offsets, an end before the start, or a start past the blob.
 */
export function clampRange(range: ByteRange | undefined, sizeBytes: number): ByteRange {
  if (range === undefined) return { start: 0, end: sizeBytes };
  const { start, end } = range;
  const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end);
  if (!whole || start < 0 || end < start || start > sizeBytes) {
    throw new KilnError(
      'BLOB_RANGE_INVALID',
      `range ${start}-${end} does not lie in a blob of ${sizeBytes} bytes`,
      {
        details: { start, end, sizeBytes },
      },
    );
  }
  return { start, end: Math.min(end, sizeBytes) };
}

/** `BLOB_SEGMENT_INVALID`: a composed blob refers to bytes that are not there. */
export function segmentInvalid(segment: ByteRange, blob: Digest, reason: string): KilnError {
  const { start, end } = segment;
  return new KilnError('BLOB_SEGMENT_INVALID', `segment ${start}-${end} of ${blob}: ${reason}`, {
    details: { blob, start, end },
  });
}

/** `BLOB_PACK_LIMIT`: more than one `putMany` takes. */
export function packLimit(what: string, count: number, limit: number): KilnError {
  return new KilnError('BLOB_PACK_LIMIT', `${count} ${what} are more than ${limit}`);
}
