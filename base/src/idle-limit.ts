/** The chunks of a transfer. One that does not come within `idleMs` of the one before aborts `transfer`, which ends it. */
export async function* withIdleLimit(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  idleMs: number,
  transfer: AbortController,
): AsyncGenerator<Uint8Array> {
  const late = (): void => transfer.abort(new Error('no more bytes in time'));
  let timer = setTimeout(late, idleMs);
  try {
    for await (const chunk of chunks) {
      clearTimeout(timer);
      yield chunk;
      timer = setTimeout(late, idleMs);
    }
  } finally {
    clearTimeout(timer);
  }
}
