import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { SumJob } from './thread-sums.ts';

/** Under way, by their numbers. */
const sums = new Map<number, Hash>();

parentPort?.on('message', (job: SumJob) => parentPort?.postMessage(answerTo(job)));

/** Hex where a sum ends. */
function answerTo({ number, content }: SumJob): string {
  const sum = sums.get(number) ?? createHash('sha256');
  if (content === undefined) sums.delete(number);
  else sums.set(number, sum.update(content));
  return content === undefined ? sum.digest('hex') : '';
}
