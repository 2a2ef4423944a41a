import { closeSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { LayerSegment, SegmentMemory } from '@kiln/assemble';
import { KilnError } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { StoredSegment } from './record.ts';

/** A segment out of the file of its package; undefined where it is not there any more, or damaged: it is made anew then. */
export function segmentOfFile(
  path: string,
  segment: StoredSegment,
  memory: SegmentMemory,
): LayerSegment | undefined {
  const bytes = memory(segment.sizeBytes);
  return fill(path, bytes, segment.offset) ? checked(bytes, segment) : undefined;
}

/** The same out of a package in a blob store. Throws what the store does, but for a package that is not there. */
export async function segmentOfBlob(
  { blobs, apk }: { readonly blobs: Pick<BlobStore, 'read'>; readonly apk: Digest },
  segment: StoredSegment,
  memory: SegmentMemory,
): Promise<LayerSegment | undefined> {
  const { offset, sizeBytes } = segment;
  const bytes = memory(sizeBytes);
  let filled = 0;
  try {
    for await (const chunk of blobs.read(apk, { start: offset, end: offset + sizeBytes })) {
      bytes.set(chunk.subarray(0, sizeBytes - filled), filled);
      filled += Math.min(chunk.length, sizeBytes - filled);
    }
  } catch (error) {
    if (error instanceof KilnError && error.code === 'BLOB_UNKNOWN') return undefined;
    throw error;
  }
  return filled === sizeBytes ? checked(bytes, segment) : undefined;
}

function checked(
  bytes: Uint8Array,
  { bytesCrc, contentSizeBytes, crc }: StoredSegment,
): LayerSegment | undefined {
  return crc32(bytes) === bytesCrc ? { bytes, sizeBytes: contentSizeBytes, crc } : undefined;
}

function fill(path: string, into: Uint8Array, offset: number): boolean {
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
    return true;
  } catch {
    return false;
  } finally {
    closeSync(file);
  }
}
