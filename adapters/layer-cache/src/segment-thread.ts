import { parentPort } from 'node:worker_threads';
import { answerTo } from './segment-work.ts';
import type { SegmentJob } from './segment-work.ts';

/** One job at a time. */
parentPort?.on('message', (job: SegmentJob) => parentPort?.postMessage(answerTo(job)));
