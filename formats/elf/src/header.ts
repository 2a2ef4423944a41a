import type { ByteSource, ElfLimits } from './source.ts';
import { invalid, view, wide } from './view.ts';

export type ElfType = 'none' | 'relocatable' | 'executable' | 'shared' | 'core' | 'other';

export interface ElfHeader {
  readonly bits: 32 | 64;
  /** `EI_OSABI`: 0 System V, 3 GNU, 255 standalone. */
  readonly osAbi: number;
  readonly type: ElfType;
  /** `e_machine`: 62 x86-64, 183 AArch64, 3 i386, 40 ARM, 243 RISC-V. */
  readonly machine: number;
  readonly programHeaders: HeaderTable;
  readonly sectionHeaders: HeaderTable;
}

export interface HeaderTable {
  readonly offset: number;
  readonly entrySize: number;
  readonly count: number;
}

/** A program header. */
export interface Segment {
  /** `p_type`: 1 load, 2 dynamic, 3 interpreter, 0x6474e551 GNU stack, 0x6474e552 GNU relro. */
  readonly type: number;
  /** Bits 1 execute, 2 write, 4 read. */
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

const types: readonly ElfType[] = ['none', 'relocatable', 'executable', 'shared', 'core'];

/** The file header, or undefined without the magic number. */
export async function readHeader(source: ByteSource): Promise<ElfHeader | undefined> {
  const start = await source.range(0, Math.min(64, source.sizeBytes));
  if (
    start.length < 4 ||
    start[0] !== 0x7f ||
    start[1] !== 0x45 ||
    start[2] !== 0x4c ||
    start[3] !== 0x46
  )
    return undefined;
  if (start.length < 52) throw invalid('the header is cut short');
  const bits = start[4] === 1 ? 32 : start[4] === 2 ? 64 : undefined;
  if (bits === undefined) throw invalid('unknown class');
  if (start[5] !== 1) throw invalid('not little-endian');
  if (bits === 64 && start.length < 64) throw invalid('the header is cut short');
  const data = new DataView(start.buffer, start.byteOffset, start.length);
  const counts = bits === 64 ? 54 : 42;
  return {
    bits,
    osAbi: start[7] ?? 0,
    type: types[data.getUint16(16, true)] ?? 'other',
    machine: data.getUint16(18, true),
    programHeaders: {
      offset: bits === 64 ? wide(data, 32) : data.getUint32(28, true),
      entrySize: data.getUint16(counts, true),
      count: data.getUint16(counts + 2, true),
    },
    sectionHeaders: {
      offset: bits === 64 ? wide(data, 40) : data.getUint32(32, true),
      entrySize: data.getUint16(counts + 4, true),
      count: data.getUint16(counts + 6, true),
    },
  };
}

export async function readSegments(
  source: ByteSource,
  header: ElfHeader,
  limits: ElfLimits,
): Promise<readonly Segment[]> {
  const { offset, entrySize, count } = header.programHeaders;
  if (count === 0) return [];
  if (count > limits.programHeadersMax) throw invalid(`${count} program headers`);
  if (entrySize < (header.bits === 64 ? 56 : 32))
    throw invalid('program headers of the wrong size');
  const data = await view(source, offset, entrySize * count, 'program header table');
  return Array.from({ length: count }, (_, index) =>
    segmentAt(data, index * entrySize, header.bits),
  );
}

function segmentAt(data: DataView, at: number, bits: 32 | 64): Segment {
  if (bits === 64) {
    return {
      type: data.getUint32(at, true),
      flags: data.getUint32(at + 4, true),
      offset: wide(data, at + 8),
      address: wide(data, at + 16),
      fileSize: wide(data, at + 32),
      memorySize: wide(data, at + 40),
    };
  }
  return {
    type: data.getUint32(at, true),
    flags: data.getUint32(at + 24, true),
    offset: data.getUint32(at + 4, true),
    address: data.getUint32(at + 8, true),
    fileSize: data.getUint32(at + 16, true),
    memorySize: data.getUint32(at + 20, true),
  };
}
