import type { FileHandle } from 'node:fs/promises';
import type { Digest } from '@kiln/base';
import type { ByteRange, ReadBlobOptions } from '@kiln/blobs';
import { blobTooLarge, blobUnknown, clampRange } from '@kiln/blobs';
import { ReadBuffers } from './read-buffers.ts';

/** Opens the file of a blob. Throws `BLOB_UNKNOWN`. */
type OpenBlob = (digest: Digest) => Promise<FileHandle>;

/** `BlobStore.read` of blobs that are files. */
export async function* readRange(
  open: OpenBlob,
  digest: Digest,
  { range, memory = 'new' }: ReadBlobOptions & { readonly range: ByteRange | undefined },
): AsyncGenerator<Uint8Array> {
  await using file = await open(digest);
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

/** `BlobStore.bytes` of blobs that are files. */
export async function readWhole(
  open: OpenBlob,
  digest: Digest,
  limitBytes: number,
): Promise<Uint8Array> {
  await using file = await open(digest);
  const { size } = await file.stat();
  if (size > limitBytes) throw blobTooLarge(digest, size, limitBytes);
  return await file.readFile();
}
