import { defaultElfLimits, type ByteSource, type ElfLimits } from './source.ts';
import { ElfView, invalid, view, type ByteOrder } from './view.ts';

/** What a file is linked with, and what others link with it by. */
export interface ElfLinkage {
  /** `PT_INTERP`. */
  readonly interpreter: string | undefined;
  readonly needed: readonly string[];
  readonly sonames: readonly string[];
}

const segmentInterpreter = 3;
const sectionType = { strings: 3, dynamic: 6, noBits: 8 } as const;
const sectionCompressed = 0x800;
const tag = { needed: 1, soname: 14 } as const;
const interpreterBytesMax = 4096;

/**
 * The linkage of a file as tools see it that work with sections (Go's `debug/elf`, and so melange): names are those of the
 * dynamic section, whatever segments say, and a file without sections has none. Headers, versions and the names of all
 * sections have to be sound; a dynamic section that is not gives no names. Undefined when the file does not begin with the
 * ELF magic number; throws `ELF_INVALID` when it is not sound.
 */
export async function readElfLinkage(
  source: ByteSource,
  limits: ElfLimits = defaultElfLimits,
): Promise<ElfLinkage | undefined> {
  const header = await headerOf(source);
  if (header === undefined) return undefined;
  const segments = await segmentsOf(source, header, limits);
  const sections = await sectionsOf(source, header, limits);
  await checkNames(source, header, sections, limits);
  const interpreter = segments.find(({ type }) => type === segmentInterpreter);
  return {
    interpreter: interpreter === undefined ? undefined : await interpreterOf(source, interpreter),
    ...(await namesOf(source, header, sections, limits)),
  };
}

interface Header {
  readonly wide: boolean;
  readonly order: ByteOrder;
  readonly segments: Table;
  readonly sections: Table;
  readonly names: number;
}

interface Table {
  readonly offset: number;
  readonly entrySize: number;
  readonly count: number;
}

async function headerOf(source: ByteSource): Promise<Header | undefined> {
  const start = await source.range(0, Math.min(64, source.sizeBytes));
  if (start.length < 4 || Buffer.from(start.subarray(0, 4)).toString('latin1') !== '\u007fELF')
    return undefined;
  const wide = start[4] === 2;
  if (!wide && start[4] !== 1) throw invalid('unknown class');
  if (start[5] !== 1 && start[5] !== 2) throw invalid('unknown byte order');
  if (start.length < (wide ? 64 : 52)) throw invalid('the header is cut short');
  const order = start[5] === 1 ? 'little' : 'big';
  const data = new ElfView(start, order);
  // Of the version's four bytes the lowest is looked at.
  if (start[6] !== 1 || (data.u32(20) & 0xff) !== 1) throw invalid('unknown version');
  const counts = wide ? 54 : 42;
  const table = (offset: number, at: number): Table => ({
    offset,
    entrySize: data.u16(at),
    count: data.u16(at + 2),
  });
  const header: Header = {
    wide,
    order,
    segments: table(wide ? position(data, 32) : data.u32(28), counts),
    sections: table(wide ? position(data, 40) : data.u32(32), counts + 4),
    names: data.u16(counts + 8),
  };
  const { offset, count } = header.sections;
  if ((offset === 0) !== (count === 0)) throw invalid('a section table without its sections');
  if (count > 0 && header.names >= count) throw invalid('no section for the names of sections');
  return header;
}

/** A 64-bit offset or size; a negative one is none. */
function position(data: ElfView, at: number): number {
  if (data.signed64(at) < 0n) throw invalid('a negative offset or size');
  return data.u64(at);
}

async function tableView(
  source: ByteSource,
  { order }: Header,
  table: Table,
  least: number,
): Promise<ElfView> {
  const { offset, entrySize, count } = table;
  if (count > 0 && entrySize < least) throw invalid('headers of the wrong size');
  if (count === 0) return new ElfView(new Uint8Array(0), order);
  return view(source, { offset, length: entrySize * count, order, what: 'header table' });
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

async function segmentsOf(
  source: ByteSource,
  header: Header,
  limits: ElfLimits,
): Promise<readonly Segment[]> {
  const { wide, segments } = header;
  if (segments.count > limits.programHeadersMax) throw invalid(`${segments.count} program headers`);
  const data = await tableView(source, header, segments, wide ? 56 : 32);
  return Array.from({ length: segments.count }, (_, index) => {
    const at = index * segments.entrySize;
    return {
      type: data.u32(at),
      offset: wide ? position(data, at + 8) : data.u32(at + 4),
      size: wide ? position(data, at + 32) : data.u32(at + 16),
    };
  });
}

interface Section extends Segment {
  readonly name: number;
  readonly link: number;
}

async function sectionsOf(
  source: ByteSource,
  header: Header,
  limits: ElfLimits,
): Promise<readonly Section[]> {
  const { wide, sections } = header;
  if (sections.count > limits.sectionHeadersMax) throw invalid(`${sections.count} section headers`);
  const data = await tableView(source, header, sections, wide ? 64 : 40);
  return Array.from({ length: sections.count }, (_, index) => {
    const at = index * sections.entrySize;
    const section = {
      name: data.u32(at),
      type: data.u32(at + 4),
      offset: wide ? position(data, at + 24) : data.u32(at + 16),
      size: wide ? position(data, at + 32) : data.u32(at + 20),
      link: data.u32(at + (wide ? 40 : 24)),
    };
    const flags = wide ? data.u64(at + 8) : data.u32(at + 8);
    const compressionHeader = wide ? 24 : 12;
    if (
      (BigInt(flags) & BigInt(sectionCompressed)) !== 0n &&
      (section.size < compressionHeader || section.offset + compressionHeader > source.sizeBytes)
    )
      throw invalid('a compressed section without its header');
    return section;
  });
}

async function checkNames(
  source: ByteSource,
  header: Header,
  sections: readonly Section[],
  limits: ElfLimits,
): Promise<void> {
  const table = sections[header.names];
  if (header.names === 0 || table === undefined) return;
  if (table.type !== sectionType.strings) throw invalid('names of sections that are no strings');
  const names = (await contentOf(source, header, table, limits)).bytes;
  const last = names.lastIndexOf(0);
  if (sections.some(({ name }) => name > last)) throw invalid('a section without a name');
}

async function contentOf(
  source: ByteSource,
  { order }: Header,
  { type, offset, size }: Segment,
  limits: ElfLimits,
): Promise<ElfView> {
  if (type === sectionType.noBits) throw invalid('a section without content');
  if (size > limits.stringTableBytesMax) throw invalid(`a section of ${size} bytes`);
  if (size === 0) return new ElfView(new Uint8Array(0), order);
  return view(source, { offset, length: size, order, what: 'section' });
}

async function interpreterOf(
  source: ByteSource,
  { offset, size }: Segment,
): Promise<string | undefined> {
  const end = Math.min(offset + Math.min(size, interpreterBytesMax), source.sizeBytes);
  if (offset >= end) return undefined;
  const text = Buffer.from(await source.range(offset, end)).toString('utf8');
  // oxlint-disable-next-line no-control-regex -- NULs end the text, and may stand before it
  const name = text.replaceAll(/^\u0000+|\u0000+$/g, '');
  return name === '' ? undefined : name;
}

async function namesOf(
  source: ByteSource,
  header: Header,
  sections: readonly Section[],
  limits: ElfLimits,
): Promise<Pick<ElfLinkage, 'needed' | 'sonames'>> {
  const none = { needed: [], sonames: [] };
  const dynamic = sections.find(({ type }) => type === sectionType.dynamic);
  const table = dynamic === undefined || dynamic.link === 0 ? undefined : sections[dynamic.link];
  const entrySize = header.wide ? 16 : 8;
  if (dynamic === undefined || table === undefined || dynamic.size % entrySize !== 0) return none;
  const data = await contentOf(source, header, dynamic, limits).catch(() => undefined);
  const strings = await contentOf(source, header, table, limits).catch(() => undefined);
  if (data === undefined || strings === undefined) return none;
  const word = (at: number): number => (header.wide ? data.u64(at) : data.u32(at));
  const all = (wanted: number): readonly string[] => {
    const names: string[] = [];
    for (let at = 0; at < dynamic.size; at += entrySize) {
      const start = word(at + entrySize / 2);
      const end = strings.bytes.indexOf(0, start);
      if (word(at) === wanted && end >= 0 && start < strings.bytes.length)
        names.push(Buffer.from(strings.bytes.subarray(start, end)).toString('utf8'));
    }
    return names;
  };
  return { needed: all(tag.needed), sonames: all(tag.soname) };
}
