import { readDynamic, type DynamicFacts } from './dynamic.ts';
import { readHeader, readSegments, type ElfHeader, type Segment } from './header.ts';
import { defaultElfLimits, type ByteSource, type ElfLimits } from './source.ts';
import { readSectionSymbols, type SymbolNames } from './symbols.ts';
import { view } from './view.ts';

/** The facts of an ELF file that dependencies and hardening need. */
export interface ElfFile extends ElfHeader, DynamicFacts {
  readonly segments: readonly Segment[];
  /** `PT_INTERP`. */
  readonly interpreter: string | undefined;
  /** The dynamic symbol table; for a file without one the symbol table, when it was not stripped. */
  readonly symbols: SymbolNames | undefined;
}

const segmentInterpreter = 3;

/**
 * Reads a 32-bit or 64-bit ELF file of either byte order: headers, dynamic section and names of symbols, each piece
 * bounded. Undefined when the file does not begin with the ELF magic number. Throws `ELF_INVALID` for anything that is
 * not well formed or above the limits. (System V gABI, chapters 4 and 5.)
 */
export async function readElf(
  source: ByteSource,
  limits: ElfLimits = defaultElfLimits,
): Promise<ElfFile | undefined> {
  const header = await readHeader(source);
  if (header === undefined) return undefined;
  const segments = await readSegments(source, header, limits);
  const dynamic = await readDynamic(source, header, segments, limits);
  return {
    ...header,
    ...dynamic,
    segments,
    interpreter: await interpreterOf(source, header, segments),
    symbols: hasNames(dynamic.dynamicSymbols)
      ? dynamic.dynamicSymbols
      : await readSectionSymbols(source, header, limits),
  };
}

/** A static position-independent program has a dynamic symbol table, but nothing in it. */
function hasNames(symbols: SymbolNames | undefined): boolean {
  return symbols !== undefined && symbols.imports.size + symbols.exports.size > 0;
}

async function interpreterOf(
  source: ByteSource,
  header: ElfHeader,
  segments: readonly Segment[],
): Promise<string | undefined> {
  const segment = segments.find(({ type }) => type === segmentInterpreter);
  if (segment === undefined) return undefined;
  const name = await view(source, {
    offset: segment.offset,
    length: Math.min(segment.fileSize, 4096),
    order: header.byteOrder,
    what: 'interpreter',
  });
  return name.text(0);
}
