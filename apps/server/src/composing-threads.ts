import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Logger } from '@kiln/base';
import { KilnError, messageOf } from '@kiln/base';
import type { ComposedResult, Composition } from '@kiln/compose';
import type { ToldError } from './api/tellable.ts';
import { batchesAtHand } from './batches-at-hand.ts';
import type { Place } from './place.ts';

export interface ComposingThreadData {
  readonly place: Place;
  readonly version: string;
  /** Under which it writes blobs. */
  readonly name: string;
}

export interface BatchRequest {
  readonly number: number;
  readonly compositions: readonly Composition[];
}

export type BatchAnswer =
  | { readonly number: number; readonly results: readonly ComposedResult[] }
  | { readonly number: number; readonly failure: ToldError };

export interface ComposingThreadsOptions {
  readonly place: Place;
  readonly version: string;
  readonly log: Logger;
  /** Default: one for each processor, at most four. */
  readonly threadsMax?: number;
  /** Without work for so long they end, and what they keep of packages with them; default: a minute. */
  readonly idleMs?: number;
  /** What a thread runs. */
  readonly program?: URL;
}

type Batches = Promise<IteratorResult<readonly Composition[], unknown>>;

interface Thread {
  readonly worker: Worker;
  readonly name: string;
  readonly underWay: Map<number, PromiseWithResolvers<readonly ComposedResult[]>>;
}

/** Images that are stored, signed and published together. */
const batchImages = 64;
/** While a thread waits for the disk or the signer with one batch it composes another. */
const batchesOfThread = 2;
const threadsMost = 4;
const idleDefaultMs = 60_000;
const composingThread = new URL('./composing-thread.ts', import.meta.url);

/**
 * Threads that compose and publish images, each with connections of its own: started when there is work, ended when there was none
 * for a minute. Batches of one request run beside one another, so the order in which its images are published is not defined; the
 * order of the answers is that of the questions.
 */
export class ComposingThreads {
  readonly #options: ComposingThreadsOptions;
  readonly #threadsMax: number;
  readonly #threads = new Map<string, Thread>();
  #numbers = 0;
  #ending: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ComposingThreadsOptions) {
    this.#options = options;
    this.#threadsMax = options.threadsMax ?? Math.min(availableParallelism(), threadsMost);
  }

  /**
   * Composes and publishes what comes, and tells of each in order. Not more is taken from the source than is under way. Throws what
   * befalls the factory: then it is not known which of the images that were not told of are published; they can be asked for again.
   */
  async *compose(compositions: AsyncIterable<Composition>): AsyncIterable<ComposedResult> {
    const underWay: Promise<readonly ComposedResult[]>[] = [];
    const most = this.#threadsMax * batchesOfThread;
    // What befalls a batch, or the source, is told when its turn comes.
    const join = (results: Promise<readonly ComposedResult[]>): void => {
      results.catch(() => undefined);
      underWay.push(results);
    };
    const source = batchesAtHand(compositions, batchImages)[Symbol.asyncIterator]();
    let next: Batches | undefined;
    let ended = false;
    try {
      for (;;) {
        // Until there is room more gathers in the source, and makes fuller batches.
        if (!ended && underWay.length < most) next ??= source.next();
        const [head] = underWay;
        if (head !== undefined && !(await isFirst(next, head))) {
          void underWay.shift();
          yield* await head;
        } else if (next !== undefined) {
          const come: Batches = next;
          const batch: Awaited<Batches> | undefined = await come.catch(() => undefined);
          if (batch === undefined) join(come.then(() => []));
          else if (batch.done !== true) join(this.#run(batch.value));
          ended = batch === undefined || batch.done === true;
          next = undefined;
        } else if (ended) return;
      }
    } finally {
      // Who asks may wait for an answer before more comes: that is not waited for.
      next?.catch(() => undefined);
      source.return?.()?.catch(() => undefined);
      await Promise.allSettled(underWay);
    }
  }

  /** Ends the threads; what is under way fails. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#ending);
    await Promise.all([...this.#threads.values()].map(({ worker }) => worker.terminate()));
  }

  #run(compositions: readonly Composition[]): Promise<readonly ComposedResult[]> {
    clearTimeout(this.#ending);
    const thread = this.#leastBusy();
    const number = (this.#numbers += 1);
    const settled = Promise.withResolvers<readonly ComposedResult[]>();
    thread.underWay.set(number, settled);
    thread.worker.postMessage({ number, compositions } satisfies BatchRequest);
    return settled.promise;
  }

  #leastBusy(): Thread {
    if (this.#closed) throw interrupted('the server ends');
    const [least] = [...this.#threads.values()].toSorted(
      (a, b) => a.underWay.size - b.underWay.size,
    );
    if (least?.underWay.size === 0 || this.#threads.size === this.#threadsMax)
      return least ?? this.#start();
    return this.#start();
  }

  #start(): Thread {
    let count = 1;
    while (this.#threads.has(`composer${count}`)) count += 1;
    const name = `composer${count}`;
    const { place, version, log } = this.#options;
    const workerData: ComposingThreadData = { place, version, name };
    const worker = new Worker(this.#options.program ?? composingThread, { workerData });
    const thread: Thread = { worker, name, underWay: new Map() };
    this.#threads.set(name, thread);
    worker.on('message', (answer: BatchAnswer) => this.#answered(thread, answer));
    worker.on('error', (error) =>
      log.error('a composing thread failed', { error: messageOf(error) }),
    );
    worker.on('exit', () => {
      if (this.#threads.get(name) === thread) this.#threads.delete(name);
      for (const { reject } of thread.underWay.values()) reject(interrupted('a thread ended'));
      thread.underWay.clear();
      this.#endWhenIdle();
    });
    return thread;
  }

  #answered({ underWay }: Thread, answer: BatchAnswer): void {
    const settled = underWay.get(answer.number);
    underWay.delete(answer.number);
    if ('results' in answer) settled?.resolve(answer.results);
    else {
      const { code, message, hint } = answer.failure;
      settled?.reject(new KilnError(code, message, { hint }));
    }
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if ([...this.#threads.values()].some(({ underWay }) => underWay.size > 0)) return;
    clearTimeout(this.#ending);
    const { idleMs = idleDefaultMs } = this.#options;
    this.#ending = setTimeout(() => this.#end(), idleMs).unref();
  }

  #end(): void {
    for (const { worker } of this.#threads.values()) worker.postMessage('end');
    this.#threads.clear();
  }
}

/** Whether the first of two promises settles first, however it does. */
function isFirst(first: Promise<unknown> | undefined, second: Promise<unknown>): Promise<boolean> {
  const told = (which: boolean) => (): boolean => which;
  return Promise.race([
    ...(first === undefined ? [] : [first.then(told(true), told(true))]),
    second.then(told(false), told(false)),
  ]);
}

function interrupted(reason: string): KilnError {
  return new KilnError('COMPOSE_INTERRUPTED', `composing was interrupted: ${reason}`, {
    hint: 'ask again: what was published already stays as it is',
    retry: 'later',
  });
}
