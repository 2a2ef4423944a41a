import { parentPort } from 'node:worker_threads';
import { garbageCollector } from '@kiln/base';
import type { SegmentJob } from './segment-threads.ts';
import { answerTo } from './segment-work.ts';

const collectGarbage = garbageCollector('major', 16 * 2 ** 20);

/** One segment at a time. */
parentPort?.on('message', (job: SegmentJob) => {
  parentPort?.postMessage(answerTo(job));
  collectGarbage(job.content.length);
});
