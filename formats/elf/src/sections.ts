import type { ElfHeader } from './header.ts';
import { defaultElfLimits, type ByteSource, type ElfLimits } from './source.ts';
import { invalid, view, type ElfView } from './view.ts';

/** A section header; sections without bits in the file have a size all the same. */
export interface Section {
  readonly name: string;
  /** `sh_type`: 2 symbol table, 3 string table, 8 no bits in the file, 11 dynamic symbols. */
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/**
 * The sections of an ELF file with their names, in file order; none when the file was stripped of the table. Throws
 * `ELF_INVALID` when the table or its names lie outside the file or above the limits.
 */
export async function readSections(
  source: ByteSource,
  header: ElfHeader,
  limits: ElfLimits = defaultElfLimits,
): Promise<readonly Section[]> {
  const headers = await readSectionHeaders(source, header, limits);
  const table = headers[header.sectionNames];
  if (table === undefined || table.size === 0) return headers.map((one) => ({ ...one, name: '' }));
  const names = await readStrings(source, header, table, limits);
  return headers.map(({ nameOffset, ...section }) => ({
    ...section,
    name: names.text(nameOffset),
  }));
}

export interface SectionHeader extends Omit<Section, 'name'> {
  readonly nameOffset: number;
}

export async function readSectionHeaders(
  source: ByteSource,
  header: ElfHeader,
  limits: ElfLimits,
): Promise<readonly SectionHeader[]> {
  const { offset, entrySize, count } = header.sectionHeaders;
  if (offset === 0 || count === 0) return [];
  if (count > limits.sectionHeadersMax) throw invalid(`${count} section headers`);
  if (entrySize < (header.bits === 64 ? 64 : 40))
    throw invalid('section headers of the wrong size');
  const data = await view(source, {
    offset,
    length: entrySize * count,
    order: header.byteOrder,
    what: 'section header table',
  });
  return Array.from({ length: count }, (_, index) =>
    sectionAt(data, index * entrySize, header.bits),
  );
}

function sectionAt(data: ElfView, at: number, bits: 32 | 64): SectionHeader {
  const nameOffset = data.u32(at);
  const type = data.u32(at + 4);
  if (bits === 64) {
    return {
      nameOffset,
      type,
      address: data.u64(at + 16),
      offset: data.u64(at + 24),
      size: data.u64(at + 32),
      link: data.u32(at + 40),
    };
  }
  return {
    nameOffset,
    type,
    address: data.u32(at + 12),
    offset: data.u32(at + 16),
    size: data.u32(at + 20),
    link: data.u32(at + 24),
  };
}

/** A string table, read whole. */
export function readStrings(
  source: ByteSource,
  header: ElfHeader,
  { offset, size }: Pick<SectionHeader, 'offset' | 'size'>,
  limits: ElfLimits,
): Promise<ElfView> {
  if (size > limits.stringTableBytesMax) throw invalid(`a string table of ${size} bytes`);
  return view(source, { offset, length: size, order: header.byteOrder, what: 'string table' });
}
