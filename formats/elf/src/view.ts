import { KilnError } from '@kiln/base';
import type { ByteSource } from './source.ts';

export function invalid(message: string): KilnError {
  return new KilnError('ELF_INVALID', `not a well-formed ELF file: ${message}`);
}

/** A piece of a file, read whole or refused. */
export async function view(
  source: ByteSource,
  offset: number,
  length: number,
  what: string,
): Promise<DataView> {
  if (
    !Number.isSafeInteger(offset) ||
    offset < 0 ||
    length < 0 ||
    offset + length > source.sizeBytes
  ) {
    throw invalid(`the ${what} lies outside the file`);
  }
  const bytes = await source.range(offset, offset + length);
  if (bytes.length !== length) throw invalid(`the ${what} is cut short`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A 64-bit field as a number; what does not fit is an offset or size outside any file. */
export function wide(data: DataView, offset: number): number {
  const value = data.getBigUint64(offset, true);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.MAX_SAFE_INTEGER;
}

/** The text up to the next NUL, or up to `limit` bytes. */
export function textAt(data: DataView, offset: number, limit = 4096): string {
  if (offset < 0 || offset >= data.byteLength) throw invalid('a string lies outside its table');
  const bytes = new Uint8Array(
    data.buffer,
    data.byteOffset + offset,
    Math.min(limit, data.byteLength - offset),
  );
  const end = bytes.indexOf(0);
  if (end < 0) throw invalid('a string without its end');
  return Buffer.from(bytes.subarray(0, end)).toString('utf8');
}
