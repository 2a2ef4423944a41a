import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** Writes parts one behind the other to a file that is not there yet, without waiting: for a thread. Throws what the system does. */
export function writeFile(path: string, parts: readonly Uint8Array[], durable: boolean): void {
  const file = openSync(path, 'wx', 0o644);
  try {
    for (const part of parts) writeAll(file, part);
    if (durable) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The same to an open file, which a write need not take all of. */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}
