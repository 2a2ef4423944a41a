/** What `work` makes of each item, in their order, with some under way ahead of the one that is wanted. */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  { work, aheadMax }: { readonly work: (item: T) => Promise<R>; readonly aheadMax: number },
): AsyncGenerator<R> {
  const ahead: Promise<R>[] = [];
  for await (const item of items) {
    const result = work(item);
    // Whoever waits for it is told; nobody may be waiting yet.
    result.catch(() => undefined);
    ahead.push(result);
    if (ahead.length < aheadMax) continue;
    const first = ahead.shift();
    if (first !== undefined) yield await first;
  }
  for (const result of ahead) yield await result;
}
