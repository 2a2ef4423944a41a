import type { Digest } from '@kiln/base';
import type { BlobPart, ByteRange } from '@kiln/blobs';
import { packLimits } from '@kiln/blobs';
import { packInvalid } from './pack-invalid.ts';

/** A range of a stored blob, without its bytes. */
export interface SegmentReference extends ByteRange {
  readonly blob: Digest;
}

/** A part of a packed blob: bytes of the pack, or a segment elsewhere. */
export type PackedPart = Uint8Array | SegmentReference;

/** How many bytes of the blob a part stands for. */
export function partSizeBytes(part: PackedPart): number {
  return part instanceof Uint8Array ? part.length : part.end - part.start;
}

/*
 * A record is the number of parts, then for each part its head, then the bytes of the inline parts in their order. A head
 * is `2 * length` for an inline part, and `2 * number + 1, start, length` for a segment of the pack's segment blob with
 * that number. Numbers are unsigned LEB128.
 */

/** Chunks of a record. `segmentNumber` gives the number of a segment blob. */
export function printRecord(
  parts: readonly BlobPart[],
  segmentNumber: (blob: Digest) => number,
): readonly Uint8Array[] {
  const heads: number[] = [];
  pushNumber(heads, parts.length);
  const inline: Uint8Array[] = [];
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      pushNumber(heads, part.length * 2);
      inline.push(part);
    } else {
      pushNumber(heads, segmentNumber(part.blob) * 2 + 1);
      pushNumber(heads, part.start);
      pushNumber(heads, part.end - part.start);
    }
  }
  return [Uint8Array.from(heads), ...inline];
}

/** The parts of the record at `offset` of a block. Throws `BLOB_PACK_INVALID`. */
export function parseRecord(
  pack: string,
  block: Uint8Array,
  offset: number,
  segments: readonly Digest[],
): readonly PackedPart[] {
  const numbers = new NumberReader(pack, block, offset);
  const count = numbers.next();
  if (count > packLimits.partsMax) throw packInvalid(pack, `a blob of ${count} parts`);
  const heads: (SegmentReference | number)[] = [];
  for (let at = 0; at < count; at += 1) {
    const head = numbers.next();
    if (head % 2 === 0) {
      heads.push(head / 2);
      continue;
    }
    const blob = segments[(head - 1) / 2];
    if (blob === undefined) throw packInvalid(pack, 'a segment of no blob');
    const start = numbers.next();
    heads.push({ blob, start, end: start + numbers.next() });
  }
  let at = numbers.at;
  return heads.map((head) => {
    if (typeof head !== 'number') return head;
    if (head > block.length - at) throw packInvalid(pack, 'a blob ends after its block');
    at += head;
    return block.subarray(at - head, at);
  });
}

/** Below 2^49, so that twice the number is exact. */
function pushNumber(to: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) to.push((rest % 0x80) + 0x80);
  to.push(rest);
}

class NumberReader {
  readonly #pack: string;
  readonly #bytes: Uint8Array;
  at: number;

  constructor(pack: string, bytes: Uint8Array, at: number) {
    this.#pack = pack;
    this.#bytes = bytes;
    this.at = at;
  }

  next(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 49; scale *= 0x80) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw packInvalid(this.#pack, 'a record ends after its block');
      value += (byte % 0x80) * scale;
      if (byte < 0x80) return value;
    }
    throw packInvalid(this.#pack, 'a number is too large');
  }
}
