/**
 * What a source gives, in batches of at most `size`. A batch does not wait for more than comes within `patienceMs`, so that a single
 * item goes on at once and many go on together. Throws what the source throws, after what came before it.
 */
export async function* batchesAtHand<T>(
  source: AsyncIterable<T>,
  size: number,
  patienceMs = 10,
): AsyncIterable<readonly T[]> {
  const items = source[Symbol.asyncIterator]();
  const take = (): Promise<Come<T>> =>
    items.next().then(
      ({ done, value }) => (done === true ? { kind: 'end' } : { kind: 'item', value }),
      (error: unknown) => ({ kind: 'failure', error }),
    );
  let next: Promise<Come<T>> | undefined;
  let batch: T[] = [];
  try {
    for (;;) {
      next ??= take();
      const come = batch.length === 0 ? await next : await within(next, patienceMs);
      if (come !== undefined) next = undefined;
      if (come?.kind === 'item' && batch.push(come.value) < size) continue;
      if (batch.length > 0) yield batch;
      batch = [];
      if (come?.kind === 'failure') throw come.error;
      if (come?.kind === 'end') return;
    }
  } finally {
    await items.return?.();
  }
}

type Come<T> =
  | { readonly kind: 'item'; readonly value: T }
  | { readonly kind: 'failure'; readonly error: unknown }
  | { readonly kind: 'end' };

/** Undefined when it takes longer. On a busy machine the time is over before what came was looked at: that still counts. */
async function within<T>(promise: Promise<T>, patienceMs: number): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => setImmediate(() => resolve(undefined)), patienceMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
