import { parentPort } from 'node:worker_threads';
import type { SegmentJob } from './segment-threads.ts';
import { answerTo } from './segment-work.ts';

/** One segment at a time. */
parentPort?.on('message', (job: SegmentJob) => {
  void answerTo(job).then((answer) => {
    parentPort?.postMessage(answer);
    collectGarbage(job);
  });
});

const garbageBytesMax = 16 * 2 ** 20;
let garbageBytes = 0;

/** V8 lets 64 MB of buffers lie before it collects them by itself. */
function collectGarbage({ content }: SegmentJob): void {
  garbageBytes += content.length;
  if (garbageBytes < garbageBytesMax) return;
  globalThis.gc?.({ type: 'major' });
  garbageBytes = 0;
}
