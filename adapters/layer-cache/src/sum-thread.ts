import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { SumJob } from './thread-sums.ts';

/** Under way, by their numbers. */
const sums = new Map<number, Hash>();

parentPort?.on('message', (job: SumJob) => parentPort?.postMessage(answerTo(job)));

/** Hex where a sum ends; undefined for a sum that began in another thread. */
function answerTo(job: SumJob): string | undefined {
  const { number } = job;
  if (job.step === 'begin') sums.set(number, createHash('sha256'));
  const sum = sums.get(number);
  if (job.step === 'update') sum?.update(job.content);
  if (job.step !== 'end') return sum && '';
  sums.delete(number);
  return sum?.digest('hex');
}
