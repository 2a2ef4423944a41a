import { closeSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { FilePlace } from '@kiln/assemble';
import { filled } from '@kiln/base';

/** Fills memory from a place of its size; false where the bytes are not there, or not those of its sum. */
export function readPlace({ path, offset, crc }: FilePlace, into: Uint8Array): boolean {
  let file;
  try {
    file = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const count = filled(into, (rest, at) => readSync(file, rest, 0, rest.length, offset + at));
    return count === into.length && crc32(into) === crc;
  } catch {
    return false;
  } finally {
    closeSync(file);
  }
}
