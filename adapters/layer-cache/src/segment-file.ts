import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { LayerSegment } from '@kiln/assemble';

/**
 * A segment as a file: the size and the CRC-32 of the content and the CRC-32 of the compressed bytes, 32 bits each,
 * little-endian, then those bytes.
 */
export const headSizeBytes = 12;

/** Where the segment of a key is below a directory. */
export function segmentPath(directory: string, key: string): string {
  const name = createHash('sha256').update(key).digest('hex');
  return join(directory, name.slice(0, 2), name);
}

export function printHead({ bytes, sizeBytes, crc }: LayerSegment): Uint8Array {
  const head = Buffer.alloc(headSizeBytes);
  head.writeUInt32LE(sizeBytes, 0);
  head.writeUInt32LE(crc, 4);
  head.writeUInt32LE(crc32(bytes), 8);
  return head;
}

/** The segment of a file, whose bytes are not copied; undefined where it is damaged. */
export function parseSegment(file: Buffer): LayerSegment | undefined {
  if (file.length < headSizeBytes) return undefined;
  const bytes = file.subarray(headSizeBytes);
  if (crc32(bytes) !== file.readUInt32LE(8)) return undefined;
  return { bytes, sizeBytes: file.readUInt32LE(0), crc: file.readUInt32LE(4) };
}
