import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { KilnError } from '@kiln/base';
import { readPackage } from '@kiln/apk';
import type { ApkPackage, ParseInfoOptions } from '@kiln/apk';
import { atFile } from './file-errors.ts';

/** What the front of a package says; its data were not read. */
export type PackageHead = Omit<ApkPackage, 'data' | 'close'> & {
  /** Of the whole file. */
  readonly sizeBytes: number;
};

const blockBytes = 64 * 1024;

/**
 * Reads signatures and control segment of a package file, and nothing behind them. Throws, with the file's name, what
 * `readPackage` throws, and `APK_FILE_NOT_FOUND` or `APK_FILE_FAILED`.
 */
export async function readPackageFile(
  path: string,
  options: ParseInfoOptions = {},
): Promise<PackageHead> {
  try {
    await using file = await openRegular(path);
    return await readHead(file, options);
  } catch (error) {
    throw atFile(path, error);
  }
}

/** The same of an open file. */
export async function readHead(
  file: FileHandle,
  options: ParseInfoOptions = {},
): Promise<PackageHead> {
  const { size } = await file.stat();
  const { data: _data, close, ...head } = await readPackage(bytesFrom(file, 0), options);
  await close();
  return { ...head, sizeBytes: size };
}

/**
 * The bytes of a package file, or of any regular file, for who reads all of it. Throws, with the file's name,
 * `APK_FILE_NOT_FOUND` and `APK_FILE_FAILED`.
 */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    await using file = await openRegular(path);
    yield* bytesFrom(file, 0);
  } catch (error) {
    throw atFile(path, error);
  }
}

/** Opens a file for reading, whatever is no regular file refused. */
export async function openRegular(path: string): Promise<FileHandle> {
  // Without the flag, opening a FIFO would wait for a writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new KilnError('APK_FILE_FAILED', 'not a regular file');
}

/** The bytes of an open file from an offset to its end. */
export async function* bytesFrom(file: FileHandle, offset: number): AsyncGenerator<Uint8Array> {
  for (let position = offset; ;) {
    // A fresh block each time: whoever gets it may keep it.
    const block = Buffer.allocUnsafe(blockBytes);
    const { bytesRead } = await file.read(block, 0, blockBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield block.subarray(0, bytesRead);
  }
}
