import type { ElfHeader } from './header.ts';
import { readSectionHeaders, readStrings } from './sections.ts';
import type { ByteSource, ElfLimits } from './source.ts';
import { invalid, view, type ElfView } from './view.ts';

export interface SymbolNames {
  /** Names the file takes from elsewhere. */
  readonly imports: ReadonlySet<string>;
  /** Names the file defines. */
  readonly exports: ReadonlySet<string>;
}

export interface SymbolTable {
  readonly offset: number;
  readonly count: number;
  readonly strings: ElfView;
  readonly limits: ElfLimits;
}

export async function readSymbols(
  source: ByteSource,
  header: ElfHeader,
  table: SymbolTable,
): Promise<SymbolNames> {
  if (table.count > table.limits.symbolsMax) throw invalid(`${table.count} symbols`);
  const size = header.bits === 64 ? 24 : 16;
  const data = await view(source, {
    offset: table.offset,
    length: table.count * size,
    order: header.byteOrder,
    what: 'symbol table',
  });
  const imports = new Set<string>();
  const exports = new Set<string>();
  for (let at = 0; at < table.count * size; at += size) {
    const name = data.u32(at);
    const section = data.u16(at + (header.bits === 64 ? 6 : 14));
    if (name !== 0) (section === 0 ? imports : exports).add(table.strings.text(name));
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
  const order = header.byteOrder;
  if (tables.hash !== undefined) {
    const head = await view(source, { offset: tables.hash, length: 8, order, what: 'hash table' });
    return head.u32(4);
  }
  const section = (await readSectionHeaders(source, header, tables.limits)).find(
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
  const read = (at: number, length: number): Promise<ElfView> =>
    view(source, { offset: at, length, order: header.byteOrder, what: 'GNU hash table' });
  const head = await read(offset, 16);
  const buckets = head.u32(0);
  const first = head.u32(4);
  const bloom = head.u32(8);
  if (buckets > limits.symbolsMax || bloom > limits.symbolsMax)
    throw invalid('a GNU hash table of that size');
  const bucketsAt = offset + 16 + bloom * (header.bits / 8);
  const bucketData = await read(bucketsAt, buckets * 4);
  let last = 0;
  for (let i = 0; i < buckets; i++) last = Math.max(last, bucketData.u32(i * 4));
  if (last < first) return first;
  const chainsAt = bucketsAt + buckets * 4;
  for (; last - first <= limits.symbolsMax; last++) {
    const chain = await read(chainsAt + (last - first) * 4, 4);
    if ((chain.u32(0) & 1) !== 0) return last + 1;
  }
  throw invalid('a GNU hash chain without its end');
}

const sectionSymbols = 2;
const sectionDynamicSymbols = 11;

/** The names of `.symtab`, or undefined when the file was stripped of it. */
export async function readSectionSymbols(
  source: ByteSource,
  header: ElfHeader,
  limits: ElfLimits,
): Promise<SymbolNames | undefined> {
  const sections = await readSectionHeaders(source, header, limits);
  const section = sections.find(({ type }) => type === sectionSymbols);
  const strings = section === undefined ? undefined : sections[section.link];
  if (section === undefined || strings === undefined) return undefined;
  return readSymbols(source, header, {
    offset: section.offset,
    count: Math.floor(section.size / (header.bits === 64 ? 24 : 16)),
    strings: await readStrings(source, header, strings, limits),
    limits,
  });
}
