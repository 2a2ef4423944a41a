import { createReadStream, readFileSync } from 'node:fs';
import { garbageCollector } from '@kiln/base';
import { atHandLimits, isAtHand } from './at-hand.ts';
import { expandLimits } from './expand-limits.ts';
import { expandAtHand, expandSegmented, expandStream } from './expand.ts';
import type { ExpandTo } from './expand.ts';
import { unpackAtHand, unpackSegmented } from './unpack.ts';
import type { UnpackOptions } from './unpack.ts';
import type { UnpackAnswer, UnpackRequest } from './unpacking-threads.ts';

const collectGarbage = garbageCollector('major', 8 * 2 ** 20);
const collectYoung = garbageCollector('minor', 4 * 2 ** 20);

/** What becomes of a byte of a package: its data, and those once more on their way to the disk. */
const garbageRatio = 6;

async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    yield chunk as Buffer;
    collectGarbage((chunk as Buffer).length * garbageRatio);
  }
}

/** Unpacks or expands a package in this thread, which waits for it but for moments. */
export async function answerTo({
  file,
  memoryBytes,
  ...options
}: UnpackRequest): Promise<UnpackAnswer> {
  try {
    const done =
      'archive' in options
        ? await expanded(file, options, memoryBytes)
        : await unpacked(file, options);
    return { done };
  } catch (error) {
    const { code, syscall, errno, path, message } = error as NodeJS.ErrnoException;
    // What the system says goes on as it is: such as that the disk is full.
    return syscall === undefined
      ? { done: false }
      : { done: false, system: { code, syscall, errno, path, message } };
  }
}

async function expanded(
  file: string,
  options: ExpandTo,
  memoryBytes: number | undefined,
): Promise<true> {
  if (await expandSegmented(file, options)) return true;
  if (memoryBytes === undefined) {
    await expandStream(chunksOf(file), options);
    return true;
  }
  const limits = expandLimits(options.limits);
  await expandAtHand(readFileSync(file), { ...options, limits }, collectYoung);
  collectGarbage(memoryBytes);
  return true;
}

/** False for one that does not fit. */
async function unpacked(file: string, options: UnpackOptions): Promise<boolean> {
  if (await unpackSegmented(file, options)) return true;
  if (!isAtHand(file)) return false;
  const limits = atHandLimits(options.limits);
  await unpackAtHand(readFileSync(file), { ...options, limits }, collectYoung);
  return true;
}
