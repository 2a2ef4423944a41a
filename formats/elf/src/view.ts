import { KilnError } from '@kiln/base';
import type { ByteSource } from './source.ts';

export function invalid(message: string): KilnError {
  return new KilnError('ELF_INVALID', `not a well-formed ELF file: ${message}`);
}

export type ByteOrder = 'little' | 'big';

/** A piece of a file, its numbers in the file's byte order. */
export class ElfView {
  readonly bytes: Uint8Array;
  readonly #data: DataView;
  readonly #little: boolean;

  constructor(bytes: Uint8Array, order: ByteOrder) {
    this.bytes = bytes;
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = order === 'little';
  }

  u16(offset: number): number {
    return this.#data.getUint16(offset, this.#little);
  }

  u32(offset: number): number {
    return this.#data.getUint32(offset, this.#little);
  }

  /** A 64-bit field as a number; what does not fit is an offset or size outside any file. */
  u64(offset: number): number {
    const value = this.#data.getBigUint64(offset, this.#little);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.MAX_SAFE_INTEGER;
  }

  /** The same as two's complement. */
  signed64(offset: number): bigint {
    return this.#data.getBigInt64(offset, this.#little);
  }

  /** The text up to the next NUL, or up to `limit` bytes. */
  text(offset: number, limit = 4096): string {
    if (offset < 0 || offset >= this.bytes.length) throw invalid('a string lies outside its table');
    const bytes = this.bytes.subarray(offset, offset + limit);
    const end = bytes.indexOf(0);
    if (end < 0) throw invalid('a string without its end');
    return Buffer.from(bytes.subarray(0, end)).toString('utf8');
  }
}

export interface Piece {
  readonly offset: number;
  readonly length: number;
  readonly order: ByteOrder;
  /** For the error. */
  readonly what: string;
}

/** A piece of a file, read whole or refused. */
export async function view(source: ByteSource, piece: Piece): Promise<ElfView> {
  const { offset, length, order, what } = piece;
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
  return new ElfView(bytes, order);
}
