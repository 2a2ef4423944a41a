import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { expandAtHand } from './expand.ts';
import { unpackAtHand } from './unpack.ts';
import type { UnpackAnswer, UnpackRequest } from './unpacking-threads.ts';

/** One package at a time. */
parentPort?.on('message', (request: UnpackRequest) => {
  void unpacked(request).then((answer) => parentPort?.postMessage(answer));
});

async function unpacked({ file, ...options }: UnpackRequest): Promise<UnpackAnswer> {
  try {
    const bytes = readFileSync(file);
    if ('archive' in options) await expandAtHand(bytes, options);
    else await unpackAtHand(bytes, options);
    return { done: true };
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    // What the system says goes on as it is: such as that the disk is full.
    return syscall === undefined ? { done: false } : { done: false, system: { code, message } };
  }
}
