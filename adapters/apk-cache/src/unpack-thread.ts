import { createReadStream, readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { garbageCollector } from '@kiln/base';
import { expandLimits } from './expand-limits.ts';
import { expandAtHand, expandSegmented, expandStream } from './expand.ts';
import { unpackAtHand } from './unpack.ts';
import type { UnpackAnswer, UnpackRequest } from './unpacking-threads.ts';

const collectGarbage = garbageCollector('major', 8 * 2 ** 20);
const collectYoung = garbageCollector('minor', 4 * 2 ** 20);

/** One package at a time. */
parentPort?.on('message', (request: UnpackRequest) => {
  void unpacked(request).then((answer) => parentPort?.postMessage(answer));
});

/** What becomes of a byte of a package: its data, and those once more on their way to the disk. */
const garbageRatio = 6;

async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    yield chunk as Buffer;
    collectGarbage((chunk as Buffer).length * garbageRatio);
  }
}

async function unpacked({ file, memoryBytes, ...options }: UnpackRequest): Promise<UnpackAnswer> {
  try {
    if ('archive' in options && (await expandSegmented(file, options))) return { done: true };
    if ('archive' in options && memoryBytes === undefined) {
      await expandStream(chunksOf(file), options);
      return { done: true };
    }
    const bytes = readFileSync(file);
    if ('archive' in options)
      await expandAtHand(bytes, { ...options, limits: expandLimits(options.limits) }, collectYoung);
    else await unpackAtHand(bytes, options, collectYoung);
    collectGarbage(memoryBytes ?? 0);
    return { done: true };
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    // What the system says goes on as it is: such as that the disk is full.
    return syscall === undefined ? { done: false } : { done: false, system: { code, message } };
  }
}
