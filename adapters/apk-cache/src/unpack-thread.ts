import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { unpackAtHand } from './unpack.ts';
import type { UnpackAnswer, UnpackRequest } from './unpacking-threads.ts';

/** One package at a time. */
parentPort?.on('message', (request: UnpackRequest) => {
  void unpacked(request).then((answer) => parentPort?.postMessage(answer));
});

async function unpacked({ file, ...options }: UnpackRequest): Promise<UnpackAnswer> {
  try {
    await unpackAtHand(readFileSync(file), options);
    return { done: true };
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    // What the system says goes on as it is: such as that the disk is full.
    return syscall === undefined ? { done: false } : { done: false, system: { code, message } };
  }
}
