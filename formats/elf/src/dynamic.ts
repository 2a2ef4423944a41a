import type { ElfHeader, Segment } from './header.ts';
import type { ByteSource, ElfLimits } from './source.ts';
import { countDynamicSymbols, readSymbols, type SymbolNames } from './symbols.ts';
import { invalid, view, type ElfView } from './view.ts';

/** What the dynamic section says. Without one every list is empty and `dynamic` false. */
export interface DynamicFacts {
  readonly dynamic: boolean;
  readonly needed: readonly string[];
  readonly sonames: readonly string[];
  /** `DT_RUNPATH` and `DT_RPATH`, colons split. */
  readonly runpath: readonly string[];
  /** All symbols are bound at start: `DT_BIND_NOW`, `DF_BIND_NOW` or `DF_1_NOW`. */
  readonly bindNow: boolean;
  /** `DF_1_PIE`. */
  readonly pieFlag: boolean;
  /** There are relocations that could be bound late (`DT_PLTRELSZ`). */
  readonly lazyRelocations: boolean;
  readonly dynamicSymbols: SymbolNames | undefined;
}

const segmentDynamic = 2;

const tag = {
  needed: 1,
  pltRelSize: 2,
  hash: 4,
  stringTable: 5,
  symbolTable: 6,
  stringSize: 10,
  soname: 14,
  rpath: 15,
  bindNow: 24,
  runpath: 29,
  flags: 30,
  gnuHash: 0x6ffffef5,
  flags1: 0x6ffffffb,
} as const;

const none: DynamicFacts = {
  dynamic: false,
  needed: [],
  sonames: [],
  runpath: [],
  bindNow: false,
  pieFlag: false,
  lazyRelocations: false,
  dynamicSymbols: undefined,
};

type Entries = ReadonlyMap<number, readonly number[]>;

export async function readDynamic(
  source: ByteSource,
  header: ElfHeader,
  segments: readonly Segment[],
  limits: ElfLimits,
): Promise<DynamicFacts> {
  const segment = segments.find(({ type }) => type === segmentDynamic);
  if (segment === undefined || segment.fileSize === 0) return none;
  const entries = await readEntries(source, header, segment, limits);
  const one = (key: number): number => entries.get(key)?.[0] ?? 0;
  const names = await stringReader(source, header, segments, entries, limits);
  const flags = one(tag.flags);
  const flags1 = one(tag.flags1);
  return {
    dynamic: true,
    needed: names.all(tag.needed),
    sonames: names.all(tag.soname),
    runpath: [...names.all(tag.runpath), ...names.all(tag.rpath)].flatMap((text) =>
      text.split(':'),
    ),
    bindNow: entries.has(tag.bindNow) || (flags & 8) !== 0 || (flags1 & 1) !== 0,
    pieFlag: (flags1 & 0x0800_0000) !== 0,
    lazyRelocations: one(tag.pltRelSize) > 0,
    dynamicSymbols: await dynamicSymbolsOf(source, header, segments, entries, limits),
  };
}

async function readEntries(
  source: ByteSource,
  header: ElfHeader,
  segment: Segment,
  limits: ElfLimits,
): Promise<Entries> {
  const size = header.bits / 4;
  const count = Math.floor(segment.fileSize / size);
  if (count > limits.dynamicEntriesMax) throw invalid(`${count} dynamic entries`);
  const data = await view(source, {
    offset: segment.offset,
    length: count * size,
    order: header.byteOrder,
    what: 'dynamic section',
  });
  const entries = new Map<number, number[]>();
  for (let at = 0; at < count * size; at += size) {
    const key = header.bits === 64 ? data.u64(at) : data.u32(at);
    if (key === 0) break;
    const value = header.bits === 64 ? data.u64(at + 8) : data.u32(at + 4);
    const values = entries.get(key);
    if (values === undefined) entries.set(key, [value]);
    else values.push(value);
  }
  return entries;
}

/** Where a virtual address lies in the file; undefined when no load segment holds it. */
function offsetOf(segments: readonly Segment[], address: number): number | undefined {
  const segment = segments.find(
    (candidate) =>
      candidate.type === 1 &&
      address >= candidate.address &&
      address < candidate.address + candidate.fileSize,
  );
  return segment === undefined ? undefined : address - segment.address + segment.offset;
}

async function stringTable(
  source: ByteSource,
  header: ElfHeader,
  segments: readonly Segment[],
  entries: Entries,
  limits: ElfLimits,
): Promise<ElfView | undefined> {
  const address = entries.get(tag.stringTable)?.[0];
  const size = entries.get(tag.stringSize)?.[0] ?? 0;
  const offset = address === undefined ? undefined : offsetOf(segments, address);
  if (offset === undefined) return undefined;
  if (size > limits.stringTableBytesMax) throw invalid(`a string table of ${size} bytes`);
  return view(source, {
    offset,
    length: size,
    order: header.byteOrder,
    what: 'dynamic string table',
  });
}

async function stringReader(
  source: ByteSource,
  header: ElfHeader,
  segments: readonly Segment[],
  entries: Entries,
  limits: ElfLimits,
): Promise<{ all(key: number): readonly string[] }> {
  const table = await stringTable(source, header, segments, entries, limits);
  return {
    all: (key) =>
      (entries.get(key) ?? []).map((offset) => {
        if (table === undefined) throw invalid('names without a string table');
        return table.text(offset);
      }),
  };
}

async function dynamicSymbolsOf(
  source: ByteSource,
  header: ElfHeader,
  segments: readonly Segment[],
  entries: Entries,
  limits: ElfLimits,
): Promise<SymbolNames | undefined> {
  const at = (key: number): number | undefined => {
    const address = entries.get(key)?.[0];
    return address === undefined ? undefined : offsetOf(segments, address);
  };
  const offset = at(tag.symbolTable);
  const strings = await stringTable(source, header, segments, entries, limits);
  if (offset === undefined || strings === undefined) return undefined;
  const count = await countDynamicSymbols(source, header, {
    hash: at(tag.hash),
    gnuHash: at(tag.gnuHash),
    limits,
  });
  return readSymbols(source, header, { offset, count, strings, limits });
}
