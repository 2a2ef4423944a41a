import { createHash } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import type { Digest } from '@kiln/base';
import { digestFromHex, hexOf } from '@kiln/base';
import type { ComposedBlob } from '@kiln/blobs';
import { packLimits } from '@kiln/blobs';
import { packInvalid } from './pack-invalid.ts';
import { printRecord } from './pack-record.ts';

/*
 * A pack: blobs that were stored together.
 *
 *   8   magic
 *       blocks: zstd frames with checksum, one after another; a block holds the records of some blobs
 *       head:   3 x u32, the numbers of segment blobs, blocks and entries
 *               32 for each segment blob: its SHA-256
 *               3 x u32 for each block: offset in the file, length, length when decompressed
 *               46 for each entry: SHA-256, size of the blob (u48), block (u32), offset of its record there (u32)
 *   40  trailer: offset of the head (u32), its length (u32), its SHA-256
 *
 * Numbers are little-endian. A record is described in pack-record.ts.
 */
const magic = Buffer.from('KILNPAK1');
const countsBytes = 12;
const digestBytes = 32;
const blockRowBytes = 12;
const entryRowBytes = 46;
export const packTrailerBytes = 40;

/** A block is closed once it has so many bytes: what a read of a blob decompresses at least. */
const blockTargetBytes = 128 * 1024;
/** A block that was nearly full, one blob, and its heads. */
const blockBytesMax = blockTargetBytes + packLimits.inlineBytesMax + 16 * packLimits.partsMax;

/** Where a compressed block lies in its pack. */
export interface PackBlock {
  readonly offset: number;
  readonly length: number;
  readonly rawLength: number;
}

/** What a pack says of one blob. */
export interface PackEntry {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly block: number;
  readonly offset: number;
}

/** The chunks of a pack of these blobs. They are within `packLimits`. */
export function printPack(blobs: readonly ComposedBlob[]): readonly Uint8Array[] {
  const segments = new Map<Digest, number>();
  const numberOf = (blob: Digest): number => {
    const known = segments.get(blob) ?? segments.size;
    segments.set(blob, known);
    return known;
  };
  const blocks = new BlockWriter();
  const entries = Buffer.alloc(blobs.length * entryRowBytes);
  for (const [index, blob] of blobs.entries()) {
    const row = index * entryRowBytes;
    const { block, offset } = blocks.add(printRecord(blob.parts, numberOf));
    entries.write(hexOf(blob.digest), row, 'hex');
    entries.writeUIntLE(blob.sizeBytes, row + 32, 6);
    entries.writeUInt32LE(block, row + 38);
    entries.writeUInt32LE(offset, row + 42);
  }
  const frames = blocks.finish();
  const counts = Buffer.alloc(countsBytes);
  counts.writeUInt32LE(segments.size, 0);
  counts.writeUInt32LE(frames.rows.length, 4);
  counts.writeUInt32LE(blobs.length, 8);
  const rows = Buffer.alloc(frames.rows.length * blockRowBytes);
  let offset = magic.length;
  for (const [index, row] of frames.rows.entries()) {
    rows.writeUInt32LE(offset, index * blockRowBytes);
    rows.writeUInt32LE(row.length, index * blockRowBytes + 4);
    rows.writeUInt32LE(row.rawLength, index * blockRowBytes + 8);
    offset += row.length;
  }
  const digests = [...segments.keys()].map((digest) => Buffer.from(hexOf(digest), 'hex'));
  const head = Buffer.concat([counts, ...digests, rows, entries]);
  const trailer = Buffer.alloc(packTrailerBytes);
  trailer.writeUInt32LE(offset, 0);
  trailer.writeUInt32LE(head.length, 4);
  createHash('sha256').update(head).digest().copy(trailer, 8);
  return [magic, ...frames.bytes, head, trailer];
}

/** Gathers records into compressed blocks. */
class BlockWriter {
  readonly #frames: Uint8Array[] = [];
  readonly #rows: { readonly length: number; readonly rawLength: number }[] = [];
  #open: Uint8Array[] = [];
  #openBytes = 0;

  /** Where the record of these chunks is. */
  add(record: readonly Uint8Array[]): { readonly block: number; readonly offset: number } {
    if (this.#openBytes >= blockTargetBytes) this.#close();
    const place = { block: this.#frames.length, offset: this.#openBytes };
    for (const chunk of record) {
      this.#open.push(chunk);
      this.#openBytes += chunk.length;
    }
    return place;
  }

  finish(): {
    readonly bytes: readonly Uint8Array[];
    readonly rows: readonly { readonly length: number; readonly rawLength: number }[];
  } {
    this.#close();
    return { bytes: this.#frames, rows: this.#rows };
  }

  #close(): void {
    if (this.#openBytes === 0) return;
    const frame = zstdCompressSync(Buffer.concat(this.#open), {
      params: {
        [constants.ZSTD_c_compressionLevel]: 1,
        [constants.ZSTD_c_checksumFlag]: 1,
      },
    });
    this.#frames.push(frame);
    this.#rows.push({ length: frame.length, rawLength: this.#openBytes });
    this.#open = [];
    this.#openBytes = 0;
  }
}

/** Where the head of a pack of `sizeBytes` lies, and its SHA-256. Throws `BLOB_PACK_INVALID`. */
export function parseTrailer(
  pack: string,
  trailer: Buffer,
  sizeBytes: number,
): { readonly offset: number; readonly length: number; readonly sha256: Uint8Array } {
  if (trailer.length !== packTrailerBytes) throw packInvalid(pack, 'shorter than a pack is');
  const offset = trailer.readUInt32LE(0);
  const length = trailer.readUInt32LE(4);
  const headBytesMax =
    countsBytes +
    packLimits.segmentsMax * digestBytes +
    packLimits.blobsMax * (blockRowBytes + entryRowBytes);
  if (length > headBytesMax || offset + length + packTrailerBytes !== sizeBytes)
    throw packInvalid(pack, 'cut short, or its end is damaged');
  return { offset, length, sha256: trailer.subarray(8) };
}

/** The checked head of a pack. */
export class PackHead {
  readonly pack: string;
  readonly sizeBytes: number;
  readonly entryCount: number;
  readonly segments: readonly Digest[];
  readonly #bytes: Buffer;
  readonly #blockRows: number;
  readonly #blockCount: number;
  readonly #entryRows: number;
  readonly #blocksEnd: number;

  /** Throws `BLOB_PACK_INVALID`. */
  constructor(pack: string, bytes: Buffer, trailer: ReturnType<typeof parseTrailer>) {
    const sha256 = createHash('sha256').update(bytes).digest();
    if (!sha256.equals(trailer.sha256)) throw packInvalid(pack, 'its head is damaged');
    if (bytes.length < countsBytes) throw packInvalid(pack, 'it has no head');
    const segmentCount = bytes.readUInt32LE(0);
    this.#blockCount = bytes.readUInt32LE(4);
    this.entryCount = bytes.readUInt32LE(8);
    this.#blockRows = countsBytes + segmentCount * digestBytes;
    this.#entryRows = this.#blockRows + this.#blockCount * blockRowBytes;
    if (this.#entryRows + this.entryCount * entryRowBytes !== bytes.length)
      throw packInvalid(pack, 'its head has another length than its counts say');
    this.pack = pack;
    this.sizeBytes = bytes.length;
    this.#bytes = bytes;
    this.#blocksEnd = trailer.offset;
    this.segments = Array.from({ length: segmentCount }, (_, index) =>
      digestFromHex(bytes.toString('hex', countsBytes + index * 32, countsBytes + index * 32 + 32)),
    );
  }

  /** Undefined when the pack has no such entry. */
  entry(number: number): PackEntry | undefined {
    if (!Number.isInteger(number) || number < 0 || number >= this.entryCount) return undefined;
    const row = this.#entryRows + number * entryRowBytes;
    return {
      digest: digestFromHex(this.#bytes.toString('hex', row, row + digestBytes)),
      sizeBytes: this.#bytes.readUIntLE(row + 32, 6),
      block: this.#bytes.readUInt32LE(row + 38),
      offset: this.#bytes.readUInt32LE(row + 42),
    };
  }

  /** Throws `BLOB_PACK_INVALID` when the pack has no such block, or it does not lie before the head. */
  block(number: number): PackBlock {
    if (number >= this.#blockCount) throw packInvalid(this.pack, 'a blob is in no block');
    const row = this.#blockRows + number * blockRowBytes;
    const block = {
      offset: this.#bytes.readUInt32LE(row),
      length: this.#bytes.readUInt32LE(row + 4),
      rawLength: this.#bytes.readUInt32LE(row + 8),
    };
    if (block.offset + block.length > this.#blocksEnd || block.rawLength > blockBytesMax)
      throw packInvalid(this.pack, 'a block is out of bounds');
    return block;
  }
}
