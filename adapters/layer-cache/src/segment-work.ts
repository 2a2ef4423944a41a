import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writevSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { layerCompressions } from '@kiln/assemble/compression';
import type { LayerSegment } from '@kiln/assemble';
import { headSizeBytes, parseSegment, printHead, segmentPath } from './segment-file.ts';
import type { SegmentAnswer, SegmentJob } from './segment-threads.ts';

/** Makes a segment in this thread, which waits for it: from the cache, or compressed and kept. Throws what compressing does. */
export function answerTo(job: SegmentJob): SegmentAnswer {
  const { into, directory, key } = job;
  const path = key === undefined ? undefined : segmentPath(directory, key);
  const kept = path === undefined ? undefined : read(path, job);
  if (kept !== undefined) return kept;
  const segment = layerCompressions[job.compression].segmentNow(job.content);
  if (path !== undefined) keep(path, segment, job);
  const { bytes, sizeBytes, crc } = segment;
  if (bytes.length > into.length) return { kind: 'bytes', segment };
  into.set(bytes);
  return { kind: 'place', start: 0, end: bytes.length, sizeBytes, crc };
}

/** Undefined for one that is not there, damaged, or of another content. */
function read(path: string, { content, into }: SegmentJob): SegmentAnswer | undefined {
  let file;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(file);
    if (size > into.length) return undefined;
    for (let at = 0; at < size;) {
      const count = readSync(file, into, at, size - at, at);
      if (count === 0) return undefined;
      at += count;
    }
    const segment = parseSegment(Buffer.from(into.buffer, into.byteOffset, size));
    if (segment?.sizeBytes !== content.length || segment.crc !== crc32(content)) return undefined;
    const { sizeBytes, crc } = segment;
    return { kind: 'place', start: headSizeBytes, end: size, sizeBytes, crc };
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** A full disk is no error: the segment is made again. */
function keep(path: string, segment: LayerSegment, { id }: SegmentJob): void {
  const temporary = `${path}.${id}.tmp`;
  try {
    const file = create(temporary);
    try {
      const parts = [printHead(segment), segment.bytes];
      const sizeBytes = headSizeBytes + segment.bytes.length;
      if (writevSync(file, parts) !== sizeBytes) throw new Error('written in part');
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch {
    removeQuietly(temporary);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Where nothing can be written there is nothing to remove.
  }
}

function create(path: string): number {
  try {
    return openSync(path, 'wx', 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'wx', 0o644);
  }
}
