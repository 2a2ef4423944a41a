import { stat } from 'node:fs/promises';
import type { PackageLimits } from '@kiln/apk';
import { ifAbsent } from './absent.ts';
import { UnpackingThreads } from './unpacking-threads.ts';

/** Packages up to these sizes, before and after decompression, are handled by threads in memory; the others as streams. */
const atHandBytesMax = 32 * 2 ** 20;
const atHandDataBytesMax = 192 * 2 ** 20;

/** Those of this process. */
export const threads: UnpackingThreads = new UnpackingThreads();

/** Whether a file is there and of a size that fits in memory. */
export async function isAtHand(file: string): Promise<boolean> {
  const size = await stat(file).then((found) => found.size, ifAbsent(undefined));
  return size !== undefined && size <= atHandBytesMax;
}

/** Limits under which the data fit too. */
export function atHandLimits(limits: Partial<PackageLimits>): Partial<PackageLimits> {
  const dataBytesMax = Math.min(limits.dataBytesMax ?? atHandDataBytesMax, atHandDataBytesMax);
  return { ...limits, dataBytesMax };
}
