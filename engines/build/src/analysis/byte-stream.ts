import { pipeline, Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { trimmed } from '@kiln/base';
import { gunzip } from '@kiln/gzip';
import { unxz } from '@kiln/xz';
import type { FileEntry } from '../tree.ts';

/** Content that can be read again from any place: a file, or what a compressed one holds. */
export interface ByteStream {
  open(start: number): AsyncIterable<Uint8Array>;
}

const chunkBytes = 1024 * 1024;

/** Above this a compressed file is taken for a trap, and what lies behind is not looked at. */
const contentBytesMax = 2 * 2 ** 30;

export function fileStream(file: FileEntry): ByteStream {
  return pieceStream(file, 0, file.sizeBytes);
}

/** A part of a file. */
export function pieceStream(file: FileEntry, offset: number, size: number): ByteStream {
  const end = Math.min(offset + size, file.sizeBytes);
  return {
    async *open(start) {
      for (let at = offset + start; at < end; at += chunkBytes)
        yield await file.range(at, Math.min(at + chunkBytes, end));
    },
  };
}

/** All gzip members from a place on; fails behind the last one that is sound. */
export function gunzipped(source: ByteStream, offset = 0): ByteStream {
  return from(() => gunzip(source.open(offset), { outputBytesMax: contentBytesMax }));
}

export function unxzipped(source: ByteStream): ByteStream {
  return from(() => unxz(source.open(0), { outputBytesMax: contentBytesMax }));
}

export function unzstd(source: ByteStream): ByteStream {
  return from(async function* () {
    const engine = createZstdDecompress();
    // What goes wrong is seen by whoever reads the engine.
    pipeline(Readable.from(source.open(0)), engine, () => undefined);
    let size = 0;
    for await (const chunk of engine as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > contentBytesMax) return;
      yield chunk;
    }
  });
}

/** Content that only begins at its start: what comes before the wanted place is skipped. */
function from(open: () => AsyncIterable<Uint8Array>): ByteStream {
  return {
    async *open(start) {
      let skip = start;
      for await (const chunk of open()) {
        if (skip >= chunk.length) skip -= chunk.length;
        else {
          yield chunk.subarray(skip);
          skip = 0;
        }
      }
    },
  };
}

/** The first bytes, as many as there are. */
export async function headOf(source: ByteStream, size: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source.open(0)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= size) break;
  }
  return Buffer.concat(chunks).subarray(0, size);
}

/** Where bytes occur first; undefined when they do not. */
export async function offsetOf(source: ByteStream, wanted: Buffer): Promise<number | undefined> {
  let kept = Buffer.alloc(0);
  let offset = 0;
  for await (const chunk of source.open(0)) {
    const window = Buffer.concat([kept, chunk]);
    const at = window.indexOf(wanted);
    if (at >= 0) return offset + at;
    kept = window.subarray(Math.max(0, window.length - wanted.length + 1));
    offset += window.length - kept.length;
  }
  return undefined;
}

const lineBytesMax = 4096;

/**
 * What stands behind each occurrence of a text, up to a NUL or line break, blanks cut off; at most 4096 bytes of it. A line is
 * told as soon as it is there: content that is not sound further on fails later.
 */
export async function* linesAfter(source: ByteStream, prefix: string): AsyncGenerator<string> {
  const wanted = Buffer.from(prefix);
  let window = Buffer.alloc(0);
  for await (const chunk of source.open(0)) {
    window = Buffer.concat([window, chunk]);
    for (;;) {
      const at = window.indexOf(wanted);
      if (at < 0) break;
      const start = at + wanted.length;
      if (window.length - start < lineBytesMax && endOfLine(window.subarray(start)) < 0) {
        window = window.subarray(at);
        break;
      }
      yield lineAt(window, start);
      window = window.subarray(start);
    }
    if (window.indexOf(wanted) < 0)
      window = window.subarray(Math.max(0, window.length - wanted.length + 1));
  }
  for (let at = window.indexOf(wanted); at >= 0; at = window.indexOf(wanted)) {
    yield lineAt(window, at + wanted.length);
    window = window.subarray(at + wanted.length);
  }
}

function endOfLine(bytes: Buffer): number {
  return bytes.findIndex((byte) => byte === 0 || byte === 0x0a);
}

function lineAt(window: Buffer, start: number): string {
  const line = window.subarray(start, start + lineBytesMax);
  const end = endOfLine(line);
  return trimmed((end < 0 ? line : line.subarray(0, end)).toString());
}
