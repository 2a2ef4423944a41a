import fs from 'node:fs';
import { KilnError, shorten } from '@kiln/base';

const chunkBytes = 64 * 1024;

/**
 * The bytes of a file, or of a device or a pipe, whose sizes nobody knows before. Throws what the system says, and
 * `LOCAL_FILE_TOO_LARGE`.
 */
export function readBoundedFile(file: string, bytesMax: number): Buffer {
  const descriptor = fs.openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let sizeBytes = 0; ;) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const count = fs.readSync(descriptor, chunk);
      if (count === 0) return Buffer.concat(chunks, sizeBytes);
      sizeBytes += count;
      if (sizeBytes > bytesMax)
        throw new KilnError(
          'LOCAL_FILE_TOO_LARGE',
          `"${shorten(file, 200)}" is larger than ${bytesMax} bytes`,
          { hint: 'is it the right file?' },
        );
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
