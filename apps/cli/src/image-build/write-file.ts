import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { atFile, noFolderOf, replaceFile } from '@kiln/apk-files';
import type { ByteSource, ReplaceFileOptions } from '@kiln/apk-files';
import { KilnError, hexOf, systemRandom } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { ScratchFolder } from '../scratch-folder.ts';

/**
 * Writes a file that is there whole or not at all; unless it is asked for it is not synced, as the same command makes it again. Throws `APK_FILE_NOT_FOUND` where its folder is not there, `APK_FILE_FAILED` for
 * what else the system says, and what `source` throws.
 */
export async function writeFile(
  path: string,
  source: ByteSource,
  options: ReplaceFileOptions = {},
): Promise<void> {
  try {
    await replaceFile(path, source, systemRandom, { durable: false, waits: true, ...options });
  } catch (error) {
    throw error instanceof KilnError ? error : atFile(path, error);
  }
}

/** As `writeFile`, of what may be large: what processes that were killed left of the same file goes first. */
export async function writeLargeFile(path: string, source: ByteSource): Promise<void> {
  await writeFile(path, source, {
    folderBeside: (file) => ScratchFolder.create(`${basename(file)}.`, dirname(file)),
  });
}

/** Refuses at once a file that could not be written when all is made. Throws `APK_FILE_NOT_FOUND` where its folder is not there. */
export function requireFolderOf(path: string): void {
  const found = statSync(dirname(path), { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) throw noFolderOf(path);
}

/** Whether there is something that cannot be replaced as a file is: a pipe, a device. */
export function isStream(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === false;
}

/** Whether a file is there, and is what it should be: one that was not synced may have lost its content. */
export async function hasContent(path: string, digest: Digest): Promise<boolean> {
  const sum = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) sum.update(chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  return sum.digest('hex') === hexOf(digest);
}
