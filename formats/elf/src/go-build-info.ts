import type { ElfFile } from './elf.ts';
import type { Segment } from './header.ts';
import { readSections } from './sections.ts';
import { defaultElfLimits, type ByteSource, type ElfLimits } from './source.ts';
import { invalid, view } from './view.ts';

/** What the Go linker wrote into a program of how it was built. */
export interface GoBuildInfo {
  /** Such as `go1.24.3`. */
  readonly goVersion: string;
  /** `build` lines in order: flags such as `-tags` and variables such as `CGO_ENABLED`; of a repeated key the last. */
  readonly settings: ReadonlyMap<string, string>;
}

const magic = Buffer.from('\xff Go buildinf:', 'latin1');
const headerBytes = 32;
const alignment = 16;
const inlineStrings = 2;
const textBytesMax = 16 * 1024 * 1024;

/** Where a program without section headers is searched: the linker puts the information near the start of its data. */
const searchBytesMax = 1024 * 1024;

/**
 * The build information of a Go program (Go 1.18 and later, which write it inline; package `debug/buildinfo`). Undefined
 * for everything else. Throws `ELF_INVALID` when it is there and cut short, and for a broken section table.
 */
export async function readGoBuildInfo(
  source: ByteSource,
  elf: ElfFile,
  limits: ElfLimits = defaultElfLimits,
): Promise<GoBuildInfo | undefined> {
  const area = await searchArea(source, elf, limits);
  if (area === undefined) return undefined;
  const searched = await source.range(area.start, Math.min(area.end, area.start + searchBytesMax));
  const at = magicAt(Buffer.from(searched));
  const flags = at === undefined ? 0 : (searched[at + 15] ?? 0);
  if (at === undefined || (flags & inlineStrings) === 0) return undefined;
  const version = await inlineText(source, area.start + at + headerBytes, area.dataEnd);
  const modules = await inlineText(source, version.end, area.dataEnd);
  return { goVersion: version.text, settings: settingsOf(modules.text) };
}

interface Area {
  readonly start: number;
  readonly end: number;
  /** Where the segment ends: strings may lie behind the section that has the header. */
  readonly dataEnd: number;
}

async function searchArea(
  source: ByteSource,
  elf: ElfFile,
  limits: ElfLimits,
): Promise<Area | undefined> {
  const sections = await readSections(source, elf, limits);
  if (sections.length === 0) {
    const data = elf.segments.find(({ type, flags }) => type === 1 && (flags & 3) === 2);
    return data === undefined
      ? undefined
      : { start: data.offset, end: endOf(data), dataEnd: endOf(data) };
  }
  const section = sections.find(({ name }) => name === '.go.buildinfo');
  if (section === undefined) return undefined;
  const holder = elf.segments.find(
    (one) => one.type === 1 && one.offset <= section.offset && section.offset < endOf(one),
  );
  const end = section.offset + section.size;
  return { start: section.offset, end, dataEnd: holder === undefined ? end : endOf(holder) };
}

function endOf({ offset, fileSize }: Segment): number {
  return offset + fileSize;
}

function magicAt(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1))
    if (at % alignment === 0 && at + headerBytes <= bytes.length) return at;
  return undefined;
}

/** A string behind its length, which is a base-128 number of at most five bytes here. */
async function inlineText(
  source: ByteSource,
  offset: number,
  limit: number,
): Promise<{ readonly text: string; readonly end: number }> {
  const prefix = await source.range(offset, Math.min(offset + 5, limit));
  let length = 0;
  let size = 0;
  for (const byte of prefix) {
    length += (byte & 0x7f) * 2 ** (7 * size++);
    if (byte < 0x80) break;
  }
  const start = offset + size;
  const complete = size > 0 && (prefix[size - 1] ?? 0x80) < 0x80;
  if (!complete || length > textBytesMax || start + length > limit)
    throw invalid('the Go build information is cut short');
  const piece = await view(source, {
    offset: start,
    length,
    order: 'little',
    what: 'Go build information',
  });
  return { text: Buffer.from(piece.bytes).toString('utf8'), end: start + length };
}

/** The `build` lines of the module information, which stands between two marks of 16 bytes. */
function settingsOf(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const assignment = line.startsWith('build\t') ? line.slice('build\t'.length) : '';
    const [, key, value] = /^("(?:[^"\\]|\\.)*"|`[^`]*`|[^="`]+)=(.*)$/.exec(assignment) ?? [];
    if (key !== undefined) settings.set(unquoted(key), unquoted(value ?? ''));
  }
  return settings;
}

/** Quotes only where the text needs them; an escape that only Go knows stays as written. */
function unquoted(text: string): string {
  if (text.length >= 2 && text.startsWith('`') && text.endsWith('`')) return text.slice(1, -1);
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text.replace(/^"|"$/g, '');
  }
}
