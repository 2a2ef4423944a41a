import type { ElfHeader } from './header.ts';
import type { ByteSource, ElfLimits } from './source.ts';
import { invalid, textAt, view, wide } from './view.ts';

export interface SymbolNames {
  /** Names the file takes from elsewhere. */
  readonly imports: ReadonlySet<string>;
  /** Names the file defines. */
  readonly exports: ReadonlySet<string>;
}

export interface SymbolTable {
  readonly offset: number;
  readonly count: number;
  readonly strings: DataView;
  readonly limits: ElfLimits;
}

export async function readSymbols(
  source: ByteSource,
  header: ElfHeader,
  table: SymbolTable,
): Promise<SymbolNames> {
  if (table.count > table.limits.symbolsMax) throw invalid(`${table.count} symbols`);
  const size = header.bits === 64 ? 24 : 16;
  const data = await view(source, table.offset, table.count * size, 'symbol table');
  const imports = new Set<string>();
  const exports = new Set<string>();
  for (let at = 0; at < table.count * size; at += size) {
    const name = data.getUint32(at, true);
    const section = data.getUint16(at + (header.bits === 64 ? 6 : 14), true);
    if (name !== 0) (section === 0 ? imports : exports).add(textAt(table.strings, name));
  }
  return { imports, exports };
}

interface HashTables {
  readonly hash: number | undefined;
  readonly gnuHash: number | undefined;
  readonly limits: ElfLimits;
}

/**
 * How many dynamic symbols there are: what `DT_HASH` says, else what section headers say, else the end of the last chain
 * of `DT_GNU_HASH` (which does not count the imports of a file that exports nothing).
 */
export async function countDynamicSymbols(
  source: ByteSource,
  header: ElfHeader,
  tables: HashTables,
): Promise<number> {
  if (tables.hash !== undefined)
    return (await view(source, tables.hash, 8, 'hash table')).getUint32(4, true);
  const section = (await readSections(source, header, tables.limits)).find(
    ({ type }) => type === sectionDynamicSymbols,
  );
  if (section !== undefined) return Math.floor(section.size / (header.bits === 64 ? 24 : 16));
  return tables.gnuHash === undefined
    ? 0
    : countByGnuHash(source, header, tables.gnuHash, tables.limits);
}

async function countByGnuHash(
  source: ByteSource,
  header: ElfHeader,
  offset: number,
  limits: ElfLimits,
): Promise<number> {
  const head = await view(source, offset, 16, 'GNU hash table');
  const buckets = head.getUint32(0, true);
  const first = head.getUint32(4, true);
  const bloom = head.getUint32(8, true);
  if (buckets > limits.symbolsMax || bloom > limits.symbolsMax)
    throw invalid('a GNU hash table of that size');
  const bucketsAt = offset + 16 + bloom * (header.bits / 8);
  const bucketData = await view(source, bucketsAt, buckets * 4, 'GNU hash buckets');
  let last = 0;
  for (let i = 0; i < buckets; i++) last = Math.max(last, bucketData.getUint32(i * 4, true));
  if (last < first) return first;
  const chainsAt = bucketsAt + buckets * 4;
  for (; last - first <= limits.symbolsMax; last++) {
    const chain = await view(source, chainsAt + (last - first) * 4, 4, 'GNU hash chain');
    if ((chain.getUint32(0, true) & 1) !== 0) return last + 1;
  }
  throw invalid('a GNU hash chain without its end');
}

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

const sectionSymbols = 2;
const sectionDynamicSymbols = 11;

async function readSections(
  source: ByteSource,
  header: ElfHeader,
  limits: ElfLimits,
): Promise<readonly Section[]> {
  const { offset, entrySize, count } = header.sectionHeaders;
  const wideClass = header.bits === 64;
  if (offset === 0 || count === 0) return [];
  if (count > limits.sectionHeadersMax) throw invalid(`${count} section headers`);
  if (entrySize < (wideClass ? 64 : 40)) throw invalid('section headers of the wrong size');
  const data = await view(source, offset, entrySize * count, 'section header table');
  return Array.from({ length: count }, (_, index) => {
    const at = index * entrySize;
    return {
      type: data.getUint32(at + 4, true),
      offset: wideClass ? wide(data, at + 24) : data.getUint32(at + 16, true),
      size: wideClass ? wide(data, at + 32) : data.getUint32(at + 20, true),
      link: data.getUint32(at + (wideClass ? 40 : 24), true),
    };
  });
}

/** The names of `.symtab`, or undefined when the file was stripped of it. */
export async function readSectionSymbols(
  source: ByteSource,
  header: ElfHeader,
  limits: ElfLimits,
): Promise<SymbolNames | undefined> {
  const sections = await readSections(source, header, limits);
  const section = sections.find(({ type }) => type === sectionSymbols);
  const strings = section === undefined ? undefined : sections[section.link];
  if (section === undefined || strings === undefined) return undefined;
  if (strings.size > limits.stringTableBytesMax)
    throw invalid(`a string table of ${strings.size} bytes`);
  return readSymbols(source, header, {
    offset: section.offset,
    count: Math.floor(section.size / (header.bits === 64 ? 24 : 16)),
    strings: await view(source, strings.offset, strings.size, 'string table'),
    limits,
  });
}
