import { parentPort } from 'node:worker_threads';
import { answerTo } from './unpack-work.ts';
import type { UnpackRequest } from './unpacking-threads.ts';

/** One package at a time. */
parentPort?.on('message', (request: UnpackRequest) => {
  void answerTo(request).then((answer) => parentPort?.postMessage(answer));
});
