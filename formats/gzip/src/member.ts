import { crc32 } from 'node:zlib';

/** How hard to compress: 1 is fastest, 9 smallest, 6 the default. */
export interface GzipOptions {
  readonly level?: number;
}

/** The size of the trailer: CRC-32 and length of the content (RFC 1952, 2.3.1). */
export const trailerSizeBytes = 8;

/**
 * The ten header bytes of every member written here: deflate, no flags, time 0, no extra flags, system 255 (unknown).
 * Node's own gzip writes a system byte that depends on platform and version, hence this one.
 */
export function memberHeader(): Uint8Array {
  return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
}

/** Running CRC-32 and length of a member's content. */
export class ContentCheck {
  #crc = 0;
  #size = 0;

  update(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
    this.#size += bytes.length;
  }

  /** Bytes seen. */
  get sizeBytes(): number {
    return this.#size;
  }

  /** The trailer that belongs to what was seen. */
  trailer(): Uint8Array {
    return memberTrailer(this.#crc, this.#size);
  }
}

/** CRC-32 and length of a member's content, the length modulo 2^32. */
export function memberTrailer(crc: number, sizeBytes: number): Uint8Array {
  const bytes = Buffer.alloc(trailerSizeBytes);
  bytes.writeUInt32LE(crc >>> 0, 0);
  bytes.writeUInt32LE(sizeBytes % 2 ** 32, 4);
  return bytes;
}
