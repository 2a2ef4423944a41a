/**
 * What `map` gives for each item, in the order of the items, with at most `parallelMax` under way. After a failure none is
 * begun, those under way are told by their signal and waited for, and the failure of the earliest item is thrown. Throws
 * the reason of `signal` when that is aborted.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  parallelMax: number,
  map: (item: T, signal: AbortSignal) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const stop = new AbortController();
  const combined = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  const results: R[] = [];
  const failures: { readonly at: number; readonly error: unknown }[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const at = next++;
      try {
        combined.throwIfAborted();
        results[at] = await map(items[at] as T, combined);
      } catch (error) {
        failures.push({ at, error });
        stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelMax, items.length) }, lane));
  const [first] = failures.sort((a, b) => a.at - b.at);
  if (first !== undefined) throw first.error;
  return results;
}
