import type { FileHandle } from 'node:fs/promises';
import type { Digest } from '@kiln/base';
import type { ByteRange, ReadBlobOptions } from '@kiln/blobs';
import { blobTooLarge, blobUnknown, clampRange } from '@kiln/blobs';
import { ReadBuffers } from './read-buffers.ts';

/** A part of the file of a blob: `BlobStore.read`. */
export async function* readRange(
  file: FileHandle,
  {
    digest,
    range,
    memory,
  }: {
    readonly digest: Digest;
    readonly range: ByteRange | undefined;
    readonly memory: Required<ReadBlobOptions>['memory'];
  },
): AsyncGenerator<Uint8Array> {
  const { start, end } = clampRange(range, (await file.stat()).size);
  using buffers = new ReadBuffers(end - start, memory);
  let at = start;
  while (at < end) {
    const buffer = buffers.next(end - at);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw blobUnknown(digest);
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** The file of a blob whole: `BlobStore.bytes`. */
export async function readWhole(
  file: FileHandle,
  { digest, limitBytes }: { readonly digest: Digest; readonly limitBytes: number },
): Promise<Uint8Array> {
  const { size } = await file.stat();
  if (size > limitBytes) throw blobTooLarge(digest, size, limitBytes);
  return await file.readFile();
}
