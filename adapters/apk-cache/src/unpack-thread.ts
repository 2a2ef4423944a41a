import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { unpackAtHand } from './unpack.ts';
import type { UnpackRequest } from './unpacking-threads.ts';

/** One package at a time; the answer is whether it is unpacked. */
parentPort?.on('message', (request: UnpackRequest) => {
  void unpacked(request).then((done) => parentPort?.postMessage(done));
});

async function unpacked({ file, ...options }: UnpackRequest): Promise<boolean> {
  try {
    await unpackAtHand(readFileSync(file), options);
    return true;
  } catch {
    return false;
  }
}
