import type { ByteSource, ElfLimits } from './source.ts';
import { ElfView, invalid, view, type ByteOrder } from './view.ts';

export type ElfType = 'none' | 'relocatable' | 'executable' | 'shared' | 'core' | 'other';

export interface ElfHeader {
  readonly bits: 32 | 64;
  readonly byteOrder: ByteOrder;
  /** `EI_OSABI`: 0 System V, 3 GNU, 255 standalone. */
  readonly osAbi: number;
  readonly type: ElfType;
  /** `e_machine`: 62 x86-64, 183 AArch64, 3 i386, 40 ARM, 243 RISC-V. */
  readonly machine: number;
  readonly programHeaders: HeaderTable;
  readonly sectionHeaders: HeaderTable;
  /** `e_shstrndx`: the section that holds the names of sections. */
  readonly sectionNames: number;
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

const magic = [0x7f, 0x45, 0x4c, 0x46];

/** The file header, or undefined without the magic number. */
export async function readHeader(source: ByteSource): Promise<ElfHeader | undefined> {
  const start = await source.range(0, Math.min(64, source.sizeBytes));
  if (magic.some((byte, index) => start[index] !== byte)) return undefined;
  if (start.length < 52) throw invalid('the header is cut short');
  const bits = start[4] === 1 ? 32 : start[4] === 2 ? 64 : undefined;
  if (bits === undefined) throw invalid('unknown class');
  const byteOrder = start[5] === 1 ? 'little' : start[5] === 2 ? 'big' : undefined;
  if (byteOrder === undefined) throw invalid('unknown byte order');
  if (bits === 64 && start.length < 64) throw invalid('the header is cut short');
  const data = new ElfView(start, byteOrder);
  const counts = bits === 64 ? 54 : 42;
  return {
    bits,
    byteOrder,
    osAbi: start[7] ?? 0,
    type: types[data.u16(16)] ?? 'other',
    machine: data.u16(18),
    programHeaders: {
      offset: bits === 64 ? data.u64(32) : data.u32(28),
      entrySize: data.u16(counts),
      count: data.u16(counts + 2),
    },
    sectionHeaders: {
      offset: bits === 64 ? data.u64(40) : data.u32(32),
      entrySize: data.u16(counts + 4),
      count: data.u16(counts + 6),
    },
    sectionNames: data.u16(counts + 8),
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
  const data = await view(source, {
    offset,
    length: entrySize * count,
    order: header.byteOrder,
    what: 'program header table',
  });
  return Array.from({ length: count }, (_, index) =>
    segmentAt(data, index * entrySize, header.bits),
  );
}

function segmentAt(data: ElfView, at: number, bits: 32 | 64): Segment {
  if (bits === 64) {
    return {
      type: data.u32(at),
      flags: data.u32(at + 4),
      offset: data.u64(at + 8),
      address: data.u64(at + 16),
      fileSize: data.u64(at + 32),
      memorySize: data.u64(at + 40),
    };
  }
  return {
    type: data.u32(at),
    flags: data.u32(at + 24),
    offset: data.u32(at + 4),
    address: data.u32(at + 8),
    fileSize: data.u32(at + 16),
    memorySize: data.u32(at + 20),
  };
}
