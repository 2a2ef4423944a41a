import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { PackageLimits } from '@kiln/apk';

/** Packages up to these sizes, before and after decompression, are expanded in memory; the others as streams. */
const atHandBytesMax = 6 * 2 ** 20;
const atHandDataBytesMax = 16 * 2 ** 20;

/** Limits under which the data fit too. */
export function expandLimits(limits: Partial<PackageLimits>): Partial<PackageLimits> {
  const dataBytesMax = Math.min(limits.dataBytesMax ?? atHandDataBytesMax, atHandDataBytesMax);
  return { ...limits, dataBytesMax };
}

/**
 * The memory that a package takes with its data, as far as the end of the file says how long its last part is, of mostly one;
 * undefined for one that is to be read as a stream.
 */
export function memoryFor(path: string): number | undefined {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const end = Buffer.alloc(4);
    if (size > atHandBytesMax || size < end.length) return undefined;
    readSync(file, end, 0, end.length, size - end.length);
    const dataBytes = end.readUInt32LE(0);
    return dataBytes > atHandDataBytesMax ? undefined : size + dataBytes;
  } finally {
    closeSync(file);
  }
}
