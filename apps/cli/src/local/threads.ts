import { Worker } from 'node:worker_threads';

export interface ThreadsOptions<T> {
  /** A module that answers each message, a list of items, with the list of their results. */
  readonly script: URL;
  readonly workerData: unknown;
  readonly items: readonly T[];
  /** At most so many threads. */
  readonly threads: number;
  /** Items handed to a thread at a time. */
  readonly batchSize: number;
  /** Gets the number of items that are done. */
  onProgress(done: number): void;
}

/** Most of what a recipe leaves is dropped with it: in a young generation of Node's size much of it is copied first. */
const youngGenerationMb = 64;

/** Maps items on threads; results come in the order of the items. Rejects with the first failure of a thread. */
export async function mapOnThreads<T, R>(options: ThreadsOptions<T>): Promise<readonly R[]> {
  const results: R[] = [];
  const workers = Array.from(
    { length: options.threads },
    () =>
      new Worker(options.script, {
        workerData: options.workerData,
        resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
      }),
  );
  const queue = { next: 0, done: 0 };
  try {
    await Promise.all(workers.map((worker) => feed(worker, { options, results, queue })));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}

interface Feed<T, R> {
  readonly options: ThreadsOptions<T>;
  readonly results: R[];
  readonly queue: { next: number; done: number };
}

function feed<T, R>(worker: Worker, { options, results, queue }: Feed<T, R>): Promise<void> {
  const { items, batchSize } = options;
  return new Promise((resolve, reject) => {
    let start = 0;
    const give = (): void => {
      start = queue.next;
      const batch = items.slice(start, start + batchSize);
      queue.next += batch.length;
      if (batch.length === 0) resolve();
      else worker.postMessage(batch);
    };
    worker.on('message', (batch: readonly R[]) => {
      batch.forEach((one, index) => (results[start + index] = one));
      queue.done += batch.length;
      options.onProgress(queue.done);
      give();
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a thread ended with ${code}`)));
    give();
  });
}
