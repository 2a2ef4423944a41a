/**
 * Collects garbage each time that so many bytes of it were made, for a thread whose buffers are large: V8 lets 64 MB of them lie before it
 * does by itself. `minor` takes no time and finds what is young. Does nothing in a process that was started without `--expose-gc`.
 */
export function garbageCollector(
  type: 'major' | 'minor',
  everyBytes: number,
): (bytes: number) => void {
  let sum = 0;
  return (bytes) => {
    sum += bytes;
    if (sum < everyBytes) return;
    globalThis.gc?.({ type });
    sum = 0;
  };
}
