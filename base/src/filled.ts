/**
 * Fills memory by reads that may give less than they are asked for, and give nothing at the end: `readAt` gets what is left of the
 * memory and how much of it is filled. Returns how many bytes there were.
 */
export function filled(into: Uint8Array, readAt: (rest: Uint8Array, at: number) => number): number {
  for (let at = 0; at < into.length;) {
    const count = readAt(into.subarray(at), at);
    if (count === 0) return at;
    at += count;
  }
  return into.length;
}
