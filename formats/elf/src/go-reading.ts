import { KilnError } from '@kiln/base';
import {
  bounded,
  readGoHeaders,
  type GoHeaders,
  type GoPart,
  type GoSection,
} from './go-headers.ts';
import type { ByteSource } from './source.ts';
import { invalid, type ElfView } from './view.ts';

/** What a file is linked with, and what others link with it by. */
export interface ElfLinkage {
  /** `PT_INTERP`. */
  readonly interpreter: string | undefined;
  readonly needed: readonly string[];
  readonly sonames: readonly string[];
}

/**
 * What Go's `debug/elf`, and so tools in Go, take an ELF file for: less than `readElf`, but of files that it refuses, and the
 * other way round.
 */
export interface GoReading {
  readonly machine: number;
  /** In file order; none without a table of names. */
  readonly sectionNames: readonly string[];
  /** Names are those of the dynamic section, whatever segments say: a file without sections has none. */
  readonly linkage: ElfLinkage;
}

const segmentInterpreter = 3;
const sectionType = { dynamic: 6, noBits: 8 } as const;
const tag = { needed: 1, soname: 14 } as const;
const interpreterBytesMax = 4096;

/**
 * Reads a file as strictly as Go does, see `readGoHeaders`; a dynamic section that is not sound gives no names. Undefined
 * without the magic number. Throws `ELF_INVALID` with Go's reason: tools in Go decide by it whether a file is a program at all.
 */
export async function readAsGo(source: ByteSource): Promise<GoReading | undefined> {
  const headers = await readGoHeaders(source);
  if (headers === undefined) return undefined;
  const { header, segments, sectionNames } = headers;
  const interpreter = segments.find(({ type }) => type === segmentInterpreter);
  return {
    machine: header.machine,
    sectionNames,
    linkage: {
      interpreter: interpreter === undefined ? undefined : await interpreterOf(source, interpreter),
      ...(await namesOf(source, headers)),
    },
  };
}

async function interpreterOf(
  source: ByteSource,
  { offset, size }: GoPart,
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
  { header, sections }: GoHeaders,
): Promise<Pick<ElfLinkage, 'needed' | 'sonames'>> {
  const none = { needed: [], sonames: [] };
  const dynamic = sections.find(({ type }) => type === sectionType.dynamic);
  const table = dynamic === undefined || dynamic.link === 0 ? undefined : sections[dynamic.link];
  const entrySize = header.wide ? 16 : 8;
  if (dynamic === undefined || table === undefined || dynamic.size % entrySize !== 0) return none;
  const data = await contentOf(source, header, dynamic);
  const strings = await contentOf(source, header, table);
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

/** Undefined for a section whose content cannot be had. */
async function contentOf(
  source: ByteSource,
  header: GoHeaders['header'],
  section: GoSection,
): Promise<ElfView | undefined> {
  try {
    // Go reads no compressed section that is loaded, and none that is not compressed after all.
    if (section.type === sectionType.noBits || section.compressed)
      throw invalid('a section without content');
    return await bounded(source, header, section);
  } catch (error) {
    if (error instanceof KilnError && error.code === 'ELF_INVALID') return undefined;
    throw error;
  }
}
