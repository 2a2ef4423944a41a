/**
 * A stream cut anew into buffers of the caller, each filled but the last; each is the caller's again when it has been yielded, and
 * another one, of a byte or more, is asked for when there is more to put into it.
 */
export async function* inParts(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  buffer: () => Uint8Array,
): AsyncGenerator<Uint8Array> {
  let into: Uint8Array | undefined;
  let size = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length;) {
      into ??= buffer();
      const some = chunk.subarray(at, at + into.length - size);
      into.set(some, size);
      size += some.length;
      at += some.length;
      if (size < into.length) continue;
      yield into;
      into = undefined;
      size = 0;
    }
  }
  if (into !== undefined) yield into.subarray(0, size);
}
