/** Unsigned byte order of the UTF-8 forms: the only order of names and paths in Kiln. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  // UTF-16 order equals UTF-8 order below the surrogates.
  if (!/[\ud800-\uffff]/.test(a) && !/[\ud800-\uffff]/.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Sorted bytewise and without repetitions. */
export function sortUnique(values: Iterable<string>): string[] {
  return [...new Set(values)].sort(compareBytes);
}

/** Joins chunks into one array. */
export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(chunks);
}

/** Reads a whole stream of at most `limitBytes`; a longer one throws what `tooLong` makes. */
export async function collect(
  source: AsyncIterable<Uint8Array>,
  limitBytes: number,
  tooLong: () => Error,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limitBytes) throw tooLong();
    chunks.push(chunk);
  }
  return concatBytes(chunks);
}
