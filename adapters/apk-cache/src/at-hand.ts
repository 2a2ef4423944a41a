import { statSync } from 'node:fs';
import type { PackageLimits } from '@kiln/apk';

/** Packages up to these sizes, before and after decompression, are unpacked in memory; the others as streams. */
const atHandBytesMax = 32 * 2 ** 20;
const atHandDataBytesMax = 192 * 2 ** 20;

/** Whether a file is of a size that fits in memory. */
export function isAtHand(file: string): boolean {
  return statSync(file).size <= atHandBytesMax;
}

/** Limits under which the data fit too. */
export function atHandLimits(limits: Partial<PackageLimits>): Partial<PackageLimits> {
  const dataBytesMax = Math.min(limits.dataBytesMax ?? atHandDataBytesMax, atHandDataBytesMax);
  return { ...limits, dataBytesMax };
}
