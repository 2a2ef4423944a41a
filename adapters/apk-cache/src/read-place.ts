import { closeSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { FilePlace } from '@kiln/assemble';

/** Fills memory from a place of its size; false where the bytes are not there, or not those of its sum. */
export function readPlace({ path, offset, crc }: FilePlace, into: Uint8Array): boolean {
  let file;
  try {
    file = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    for (let at = 0; at < into.length;) {
      const count = readSync(file, into, at, into.length - at, offset + at);
      if (count === 0) return false;
      at += count;
    }
    return crc32(into) === crc;
  } catch {
    return false;
  } finally {
    closeSync(file);
  }
}
