import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, stat, unlink, utimes } from 'node:fs/promises';
import { digestFromHex } from '@kiln/base';
import type { BlobStat } from '@kiln/blobs';
import { touchEveryMs } from '@kiln/blobs';
import { hasErrno } from './errno.ts';

/** What one read takes at once. */
export const chunkBytes: number = 256 * 1024;

/** What a file holds, used now, once it is on disk. */
export async function checkFile(
  path: string,
  {
    nowMs,
    written,
  }: {
    readonly nowMs: number;
    /** What was written to it, if that is known. */
    readonly written?: BlobStat | undefined;
  },
): Promise<BlobStat> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  await using file = await open(path, 'r+');
  await file.chmod(0o644);
  await stamp(file, nowMs);
  await file.sync();
  if (written !== undefined && written.sizeBytes === (await file.stat()).size) return written;
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, sizeBytes);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    sizeBytes += bytesRead;
  }
  return { digest: digestFromHex(hash.digest('hex')), sizeBytes };
}

/** Says that a file was used at this time. */
export async function stamp(file: FileHandle, nowMs: number): Promise<void> {
  await file.utimes(nowMs / 1000, nowMs / 1000);
}

/** Undefined when there is no such file. */
export async function inspect(
  path: string,
): Promise<{ readonly sizeBytes: number; readonly usedAt: number } | undefined> {
  const found = await unlessGone(stat(path));
  return found?.isFile() === true ? { sizeBytes: found.size, usedAt: found.mtimeMs } : undefined;
}

/** The size of a file that is used now; undefined when there is none. */
export async function touchFile(path: string, nowMs: number): Promise<number | undefined> {
  const found = await inspect(path);
  if (found === undefined || found.usedAt > nowMs - touchEveryMs) return found?.sizeBytes;
  try {
    // By its name, so that it fails when a collector was faster.
    await utimes(path, nowMs / 1000, nowMs / 1000);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    // Somebody else's files, or a disk that nobody writes to: this user collects nothing there.
    if (!hasErrno(error, 'EPERM', 'EROFS')) throw error;
  }
  return found.sizeBytes;
}

/** False when there was nothing to rename. */
export async function renamed(from: string, to: string): Promise<boolean> {
  return (await unlessGone(rename(from, to).then(() => true))) ?? false;
}

/** False when there was nothing to remove. */
export async function unlinked(path: string): Promise<boolean> {
  return (await unlessGone(unlink(path).then(() => true))) ?? false;
}

/** Undefined when the file is gone. */
export async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
