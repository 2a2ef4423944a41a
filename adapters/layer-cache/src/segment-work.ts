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
import { filled, freeMemory, quietly } from '@kiln/base';
import { layerCompressions } from '@kiln/assemble/compression';
import type { FilePlace, LayerSegment } from '@kiln/assemble';
import { headSizeBytes, parseSegment, printHead, segmentPath } from './segment-file.ts';

/** What a thread is asked for: to read what belongs into a content, and to make a segment of each piece of it. */
export interface SegmentJob {
  /** Memory that is shared; what is not read is there. */
  readonly content: Uint8Array;
  readonly reads: readonly (FilePlace & { readonly start: number })[];
  readonly pieces: readonly JobPiece[];
  readonly compression: 'gzip' | 'zstd';
  /** Of kept segments. */
  readonly directory: string;
  /** For the names of temporary files. */
  readonly id: string;
  /** Memory for the bytes of the segments. */
  readonly into: Uint8Array;
}

/** A piece of a content. */
export interface JobPiece {
  readonly start: number;
  readonly end: number;
  /** Of its kept segment. */
  readonly key: string | undefined;
  /** CRC-32 of the piece, where it is all read from one place. */
  readonly crc: number | undefined;
  /** Where its segment is in a package. */
  readonly packaged: FilePlace | undefined;
}

/** The segments, in the order of the pieces, or which read found other bytes than there should be. */
export type SegmentAnswer =
  | { readonly kind: 'made'; readonly segments: readonly SegmentPlace[] }
  | { readonly kind: 'damaged'; readonly read: number };

/** A segment whose bytes are in the memory given, or beside it, where they did not fit. */
export interface SegmentPlace {
  readonly start: number;
  readonly end: number;
  readonly bytes?: Uint8Array;
  readonly sizeBytes: number;
  readonly crc: number;
}

/** Does a job in this thread, which waits for it. Throws what compressing does. */
export function answerTo(job: SegmentJob): SegmentAnswer {
  using files = new OpenFiles();
  for (const [i, { start, ...place }] of job.reads.entries()) {
    const into = job.content.subarray(start, start + place.sizeBytes);
    if (!files.read(place, into)) return { kind: 'damaged', read: i };
  }
  const segments: SegmentPlace[] = [];
  let start = 0;
  for (const piece of job.pieces) {
    const made = segmentOf(piece, { job, files, into: job.into.subarray(start) });
    segments.push({ ...made, start, end: start + made.end });
    start += made.end;
  }
  return { kind: 'made', segments };
}

interface Making {
  readonly job: SegmentJob;
  readonly files: OpenFiles;
  /** Room that is left. */
  readonly into: Uint8Array;
}

/** The package's segment, or one that was kept, or one that is compressed, and kept. Its place is that in the room. */
function segmentOf(piece: JobPiece, { job, files, into }: Making): SegmentPlace {
  const { start, end, key, packaged } = piece;
  const content = job.content.subarray(start, end);
  if (packaged !== undefined && packaged.sizeBytes <= into.length && piece.crc !== undefined) {
    const { sizeBytes } = packaged;
    if (files.read(packaged, into.subarray(0, sizeBytes)))
      return { start: 0, end: sizeBytes, sizeBytes: content.length, crc: piece.crc };
  }
  const path = key === undefined ? undefined : segmentPath(job.directory, key);
  const kept = path === undefined ? undefined : read(path, into);
  if (kept !== undefined && kept.sizeBytes === content.length) {
    const crc = piece.crc ?? crc32(content);
    if (kept.crc === crc) return placed(kept, into);
  }
  const segment = layerCompressions[job.compression].segmentNow(content);
  if (path !== undefined) keep(path, segment, job.id);
  return placed(segment, into);
}

function placed({ bytes, sizeBytes, crc }: LayerSegment, into: Uint8Array): SegmentPlace {
  if (bytes.length > into.length) return { start: 0, end: 0, bytes, sizeBytes, crc };
  into.set(bytes);
  const end = bytes.length;
  freeMemory(bytes);
  return { start: 0, end, sizeBytes, crc };
}

/** Files that are read in several places, each opened once. */
class OpenFiles implements Disposable {
  readonly #files = new Map<string, number>();

  /** Whether the bytes of a place are there, and as they were. */
  read({ path, offset, crc }: FilePlace, into: Uint8Array): boolean {
    try {
      const file = this.#files.get(path) ?? openSync(path, 'r');
      this.#files.set(path, file);
      const count = filled(into, (rest, at) => readSync(file, rest, 0, rest.length, offset + at));
      return count === into.length && crc32(into) === crc;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) closeSync(file);
  }
}

/** Undefined for one that is not there, damaged, or too large for the room, in which its file is read. */
function read(path: string, into: Uint8Array): LayerSegment | undefined {
  let file;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(file);
    if (size > into.length) return undefined;
    const bytes = into.subarray(0, size);
    if (filled(bytes, (rest, at) => readSync(file, rest, 0, rest.length, at)) < size)
      return undefined;
    return parseSegment(Buffer.from(into.buffer, into.byteOffset, size));
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** A full disk is no error: the segment is made again. */
function keep(path: string, segment: LayerSegment, id: string): void {
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
    quietly(() => rmSync(temporary, { force: true }));
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
