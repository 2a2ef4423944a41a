import { getHeapStatistics } from 'node:v8';
import { parentPort } from 'node:worker_threads';
import { answerTo } from './unpack-work.ts';
import type { UnpackRequest } from './unpacking-threads.ts';

/** A package of very many files leaves more, and this thread may have nothing to do for long. */
const heapBytesMost = 16 * 2 ** 20;

/** One package at a time. */
parentPort?.on('message', (request: UnpackRequest) => {
  void answerTo(request).then((answer) => {
    parentPort?.postMessage(answer);
    if (getHeapStatistics().used_heap_size > heapBytesMost) globalThis.gc?.();
  });
});
