import { KilnError } from '@kiln/base';
import { defaultElfLimits, type ByteSource } from './source.ts';
import { invalid, view, type ByteOrder, type ElfView, type Piece } from './view.ts';

const versionCurrent = 1;
const reservedSections = 0xff00;
const sectionTypeStrings = 3;
const flagCompressed = 0x800;

/** What Go's `debug/elf` looks at when it opens a file. */
export interface GoHeaders {
  readonly header: GoHeader;
  readonly segments: readonly GoPart[];
  readonly sections: readonly GoSection[];
  /** In file order; none without a table of names. */
  readonly sectionNames: readonly string[];
}

/**
 * Reads headers and names of sections as strictly as Go does, no more: every table has to lie inside the file, nothing of
 * what sections hold is looked at. Undefined without the magic number. Throws `ELF_INVALID` with Go's reason.
 */
export async function readGoHeaders(source: ByteSource): Promise<GoHeaders | undefined> {
  const start = await source.range(0, Math.min(64, source.sizeBytes));
  if (Buffer.from(start.subarray(0, 4)).toString('latin1') !== '\x7fELF') return undefined;
  const header = await headerOf(source, start);
  const segments = await segmentsOf(source, header);
  const sections = await sectionsOf(source, header);
  return { header, segments, sections, sectionNames: await namesOf(source, header, sections) };
}

/** A segment or section: where its content is. */
export interface GoPart {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

export interface GoSection extends GoPart {
  readonly nameOffset: number;
  /** Number of the section that goes with it. */
  readonly link: number;
  readonly compressed: boolean;
}

export interface GoHeader {
  readonly wide: boolean;
  readonly order: ByteOrder;
  readonly machine: number;
  readonly segments: Table;
  readonly sections: Table;
  readonly sectionNames: number;
}

interface Table {
  readonly offset: number;
  readonly entrySize: number;
  readonly count: number;
}

/** Its message is Go's, which persisted results of linters quote; of the whole file where it says no byte. */
function refused(what: string, value: string | number, at = 0): KilnError {
  return new KilnError('ELF_INVALID', `${what} '${value}' in record at byte 0x${at.toString(16)}`);
}

/** A number by its name, or by how far it is above the last name. */
function named(value: number, names: readonly string[]): string {
  const last = names.length - 1;
  return names[value] ?? `${names[last]}+${value - last}`;
}

/** Types of sections, each list from a first number on; what depends on the processor has no names. */
const sectionTypes = (
  [
    [0, 'NULL PROGBITS SYMTAB STRTAB RELA HASH DYNAMIC NOTE NOBITS REL SHLIB DYNSYM'],
    [14, 'INIT_ARRAY FINI_ARRAY PREINIT_ARRAY GROUP SYMTAB_SHNDX'],
    [0x6000_0000, 'LOOS'],
    [0x6fff_fff5, 'GNU_ATTRIBUTES GNU_HASH GNU_LIBLIST'],
    [0x6fff_fffd, 'GNU_VERDEF GNU_VERNEED GNU_VERSYM LOPROC'],
    [0x7000_002a, 'MIPS_ABIFLAGS'],
    [0x7fff_ffff, 'HIPROC LOUSER'],
    [0xffff_ffff, 'HIUSER'],
  ] as const
).flatMap(([first, list]) => list.split(' ').map((name, index) => [first + index, name] as const));

function sectionTypeName(type: number): string {
  const [first, name] = sectionTypes.findLast(([number]) => number <= type) ?? [0, ''];
  return type === first ? `SHT_${name}` : `SHT_${name}+${type - first}`;
}

const versions = ['EV_NONE', 'EV_CURRENT'];

async function headerOf(source: ByteSource, start: Uint8Array): Promise<GoHeader> {
  const [, , , , bits = 0, encoding = 0, version = 0] = start;
  if (start.length < 16) throw cutShort();
  const wide = bits === 2;
  if (!wide && bits !== 1)
    throw refused('unknown ELF class', named(bits, ['ELFCLASSNONE', 'ELFCLASS32', 'ELFCLASS64']));
  const order = encoding === 1 ? 'little' : encoding === 2 ? 'big' : undefined;
  if (order === undefined) {
    const encodings = ['ELFDATANONE', 'ELFDATA2LSB', 'ELFDATA2MSB'];
    throw refused('unknown ELF data encoding', named(encoding, encodings));
  }
  if (version !== versionCurrent) throw refused('unknown ELF version', named(version, versions));
  const data = await piece(source, { offset: 0, length: wide ? 64 : 52, order, what: 'header' });
  // Of the version's four bytes Go looks at the lowest.
  const again = data.u32(20) % 256;
  if (again !== versionCurrent) throw refused('mismatched ELF version', named(again, versions));
  const word = (at: number, what: string): number =>
    wide ? natural(data.signed64(at), what) : data.u32(at);
  const counts = wide ? 54 : 42;
  const table = (offset: number, at: number): Table => ({
    offset,
    entrySize: data.u16(at),
    count: data.u16(at + 2),
  });
  const sections = word(wide ? 40 : 32, 'invalid shoff');
  const header = {
    wide,
    order,
    machine: data.u16(18),
    segments: table(word(wide ? 32 : 28, 'invalid phoff'), counts),
    sections: table(sections, counts + 4),
    sectionNames: data.u16(counts + 8),
  } as const;
  const { offset, count } = header.sections;
  if (offset === 0 && count > 0) throw refused('invalid ELF shnum for shoff=0', count);
  if (count > 0 && header.sectionNames >= count)
    throw refused('invalid ELF shstrndx', header.sectionNames);
  return header;
}

/** An offset or size; a negative one is none. */
function natural(value: bigint, what: string, record = 0, shown = value): number {
  if (value < 0n) throw refused(what, String(shown), record);
  return Number(value);
}

async function segmentsOf(source: ByteSource, header: GoHeader): Promise<readonly GoPart[]> {
  const { wide, segments } = header;
  const { entrySize, count } = segments;
  if (count === 0) return [];
  if (entrySize < (wide ? 56 : 32)) throw refused('invalid ELF phentsize', entrySize);
  const data = await tableOf(source, header, segments);
  return Array.from({ length: count }, (_, index) => {
    const at = index * entrySize;
    const word = (place: number, what: string): number => {
      const value = data.signed64(at + place);
      return natural(value, what, segments.offset + at, BigInt.asUintN(64, value));
    };
    return {
      type: data.u32(at),
      offset: wide ? word(8, 'invalid program header offset') : data.u32(at + 4),
      size: wide ? word(32, 'invalid program header file size') : data.u32(at + 16),
    };
  });
}

function tableOf(source: ByteSource, header: GoHeader, table: Table): Promise<ElfView> {
  const { offset, entrySize, count } = table;
  return bounded(source, header, { offset, size: entrySize * count });
}

/** A part of the file. Nothing that is read is larger than a table of strings may be. Throws `ELF_INVALID`. */
export function bounded(
  source: ByteSource,
  { order }: Pick<GoHeader, 'order'>,
  { offset, size }: Pick<GoPart, 'offset' | 'size'>,
): Promise<ElfView> {
  // Nothing can be read from anywhere.
  return piece(source, { offset: size === 0 ? 0 : offset, length: size, order, what: 'table' });
}

async function piece(source: ByteSource, what: Piece): Promise<ElfView> {
  const { offset, length } = what;
  if (offset + length > source.sizeBytes) throw cutShort();
  if (length > defaultElfLimits.stringTableBytesMax) throw invalid(`a table of ${length} bytes`);
  return view(source, what);
}

function cutShort(how = 'EOF'): KilnError {
  return new KilnError('ELF_INVALID', how);
}

async function sectionsOf(source: ByteSource, header: GoHeader): Promise<readonly GoSection[]> {
  const { offset, entrySize } = header.sections;
  const count = await sectionCount(source, header);
  if (count === 0) return [];
  if (entrySize < sectionSize(header)) throw refused('invalid ELF shentsize', entrySize);
  const data = await tableOf(source, header, { offset, entrySize, count });
  const sections: GoSection[] = [];
  for (let index = 0; index < count; index++) {
    const section = sectionAt(data, index * entrySize, header);
    // The header of what is compressed is read at once.
    const needed = header.wide ? 24 : 12;
    if (section.compressed && Math.min(section.size, source.sizeBytes - section.offset) < needed)
      throw cutShort();
    sections.push(section);
  }
  return sections;
}

function sectionSize({ wide }: GoHeader): number {
  return wide ? 64 : 40;
}

/** A header says 0 where there are too many for its field: the first section, which is none, has the number then. */
async function sectionCount(source: ByteSource, header: GoHeader): Promise<number> {
  const { offset, count } = header.sections;
  if (offset === 0 || count > 0) return count;
  const entrySize = sectionSize(header);
  if (offset < source.sizeBytes && offset + entrySize > source.sizeBytes)
    throw cutShort('unexpected EOF');
  const data = await tableOf(source, header, { offset, entrySize, count: 1 });
  const type = data.u32(4);
  if (type !== 0)
    throw refused('invalid type of the initial section', sectionTypeName(type), offset);
  const size = header.wide ? data.signed64(32) : BigInt(data.u32(20));
  if (size < reservedSections)
    throw refused('invalid ELF shnum contained in sh_size', String(size), offset);
  return Number(size);
}

function sectionAt(data: ElfView, at: number, { wide, order, sections }: GoHeader): GoSection {
  const word = (place: number, what: string): number =>
    natural(data.signed64(at + place), what, sections.offset + at);
  // The lower half of what is wide.
  const flags = data.u32(wide && order === 'big' ? at + 12 : at + 8);
  return {
    nameOffset: data.u32(at),
    type: data.u32(at + 4),
    offset: wide ? word(24, 'invalid section offset') : data.u32(at + 16),
    size: wide ? word(32, 'invalid section size') : data.u32(at + 20),
    link: data.u32(at + (wide ? 40 : 24)),
    compressed: (flags & flagCompressed) !== 0,
  };
}

async function namesOf(
  source: ByteSource,
  header: GoHeader,
  sections: readonly GoSection[],
): Promise<readonly string[]> {
  if (sections.length === 0 || header.sectionNames === 0) return [];
  const table = sections[header.sectionNames];
  if (table === undefined) throw invalid('no section of names');
  const headerAt = (index: number): number =>
    header.sections.offset + index * header.sections.entrySize;
  if (table.type !== sectionTypeStrings) {
    const what = 'invalid ELF section name string table type';
    throw refused(what, sectionTypeName(table.type), headerAt(header.sectionNames));
  }
  if (table.compressed) throw invalid('names of sections that are compressed');
  const within = table.offset < source.sizeBytes;
  if (within && table.offset + table.size > source.sizeBytes) throw cutShort('unexpected EOF');
  const names = await bounded(source, header, table);
  return sections.map(({ nameOffset }, index) => {
    // A name ends in the table.
    if (names.bytes.indexOf(0, nameOffset) >= 0) return names.text(nameOffset, table.size);
    throw refused('bad section name index', nameOffset, headerAt(index));
  });
}
