/** Maps with at most `parallelMax` under way. The first failure ends it: no further one is begun, and those under way are told. */
export async function mapBounded<T, R>(
  items: readonly T[],
  parallelMax: number,
  map: (item: T, signal: AbortSignal) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const stop = new AbortController();
  const combined = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  const results: R[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      combined.throwIfAborted();
      results[i] = await map(items[i] as T, combined);
    }
  };
  const workers = Array.from({ length: Math.min(parallelMax, items.length) }, work);
  try {
    await Promise.all(workers);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(workers);
    throw error;
  }
  return results;
}
