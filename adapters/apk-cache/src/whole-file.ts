import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Small chunks are gathered to this before they are written. */
const writeSizeBytes = 512 * 1024;

/**
 * Writes a file that is there whole or not at all: to a temporary name beside it, renamed. `durable`: also after a crash of the
 * machine, synced, and the directory synced. What `source` throws leaves nothing behind. Returns the size in bytes.
 */
export async function writeWhole(
  path: string,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { id, durable }: { readonly id: string; readonly durable: boolean },
): Promise<number> {
  const temporary = `${path}.${id}.tmp`;
  try {
    const size = await write(temporary, source, durable);
    await rename(temporary, path);
    if (durable) await syncDirectory(dirname(path));
    return size;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function write(
  path: string,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  durable: boolean,
): Promise<number> {
  await using file = await open(path, 'wx', 0o644);
  let size = 0;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of source) {
    size += chunk.length;
    pendingBytes += chunk.length;
    pending.push(chunk);
    if (pendingBytes < writeSizeBytes) continue;
    await file.writeFile(Buffer.concat(pending));
    pending = [];
    pendingBytes = 0;
  }
  await file.writeFile(Buffer.concat(pending));
  if (durable) await file.sync();
  return size;
}

/** Makes names in a directory last. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}
