import { corrupt, tooLarge } from './limits.ts';
import type { GzipLimits } from './limits.ts';

const fixedSizeBytes = 10;
const flagHeaderCrc = 2;
const flagExtra = 4;
const flagName = 8;
const flagComment = 16;
const flagsReserved = 0xe0;

/**
 * The size of the member header at the start of `bytes` (RFC 1952, 2.3), or undefined when more bytes are needed.
 * Name, comment, time and extra fields are skipped. Throws `GZIP_CORRUPT` or `GZIP_TOO_LARGE`.
 */
export function headerSize(bytes: Uint8Array, limits: GzipLimits): number | undefined {
  if (bytes.length >= 1 && bytes[0] !== 0x1f) throw corrupt('not a gzip member');
  if (bytes.length >= 2 && bytes[1] !== 0x8b) throw corrupt('not a gzip member');
  const size = bytes.length < fixedSizeBytes ? undefined : sizeWithFields(bytes);
  if ((size ?? bytes.length) > limits.headerBytesMax) throw tooLarge('gzip header is too large');
  return size;
}

function sizeWithFields(bytes: Uint8Array): number | undefined {
  const flags = bytes[3] ?? 0;
  if (bytes[2] !== 8) throw corrupt('gzip member is not deflated');
  if ((flags & flagsReserved) !== 0) throw corrupt('gzip header has unknown flags');
  let end: number | undefined = fixedSizeBytes;
  if ((flags & flagExtra) !== 0) end = afterExtra(bytes, end);
  if ((flags & flagName) !== 0) end = afterText(bytes, end);
  if ((flags & flagComment) !== 0) end = afterText(bytes, end);
  if (end !== undefined && (flags & flagHeaderCrc) !== 0) end += 2;
  return end === undefined || end > bytes.length ? undefined : end;
}

function afterExtra(bytes: Uint8Array, start: number): number | undefined {
  const low = bytes[start];
  const high = bytes[start + 1];
  return low === undefined || high === undefined ? undefined : start + 2 + low + high * 256;
}

function afterText(bytes: Uint8Array, start: number | undefined): number | undefined {
  if (start === undefined) return undefined;
  const end = bytes.indexOf(0, start);
  return end === -1 ? undefined : end + 1;
}
