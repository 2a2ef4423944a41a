/** What Node cuts small buffers from is smaller: 64 KiB and a little more. */
const sizeBytesMin = 96 * 1024;

/**
 * Gives memory back at once, and not when garbage is collected, of large buffers that were made for these bytes alone: they are empty then.
 * False, and nothing is done, for small ones, and for memory of threads.
 */
export function freeMemory({ buffer }: Uint8Array): boolean {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < sizeBytesMin) return false;
  buffer.transfer(0);
  return true;
}
