import type { FileEntry } from '../tree.ts';

/** A part of a file. */
export interface ImagePiece {
  readonly offset: number;
  readonly size: number;
}

const headBytesMax = 64 * 1024;
const [coffBytes, sectionBytes, symbolBytes, relocationBytes] = [20, 40, 18, 10];

/** Unknown, and 32 and 64 bits (of RISC-V 128, too) of x86, ARM and RISC-V. */
const machines = new Set([0, 0x14c, 0x8664, 0x1c4, 0xaa64, 0x5032, 0x5064, 0x5128]);

/** Bytes of an optional header before its data directories, by its magic number. */
const optionalBytes: ReadonlyMap<number, number> = new Map([
  [0x10b, 96],
  [0x20b, 112],
]);

/**
 * The kernel of a unified image: the section `.linux` of a PE file. Undefined where Go's `debug/pe` refuses the file, or the
 * section lies outside of it: melange takes it for an image then as it is.
 */
export async function linuxSection(file: FileEntry): Promise<ImagePiece | undefined> {
  const head = Buffer.from(await file.range(0, Math.min(headBytesMax, file.sizeBytes)));
  const coff = coffHeaderAt(head);
  if (coff === undefined || !machines.has(head.readUInt16LE(coff))) return undefined;
  const strings = await hasStringTable(file, head.subarray(coff));
  const table = sectionTableAt(head, coff);
  if (strings === undefined || table === undefined) return undefined;
  const count = head.readUInt16LE(coff + 2);
  if (table + count * sectionBytes > head.length) return undefined;
  const sections = Array.from({ length: count }, (_, index) =>
    head.subarray(table + index * sectionBytes, table + (index + 1) * sectionBytes),
  );
  if (!sections.every((section) => isSound(section, file.sizeBytes, strings))) return undefined;
  const linux = sections.find((section) => nameOf(section) === '.linux');
  if (linux === undefined) return undefined;
  const [size, offset] = [linux.readUInt32LE(16), linux.readUInt32LE(20)];
  return offset === 0 || (size > 0 && offset + size > file.sizeBytes)
    ? undefined
    : { offset, size };
}

function coffHeaderAt(head: Buffer): number | undefined {
  if (head.length < 96 || head.toString('latin1', 0, 2) !== 'MZ') return undefined;
  const at = head.readUInt32LE(0x3c);
  const signature = head.toString('latin1', at, at + 4);
  return signature === 'PE\0\0' && at + 4 + coffBytes <= head.length ? at + 4 : undefined;
}

/** Whether there is a table of long names, behind that of symbols; undefined where one of them is cut short. */
async function hasStringTable(file: FileEntry, coff: Buffer): Promise<boolean | undefined> {
  const [symbols, count] = [coff.readUInt32LE(8), coff.readUInt32LE(12)];
  if (symbols === 0) return false;
  const at = symbols + count * symbolBytes;
  if (at + 4 > file.sizeBytes) return undefined;
  const size = Buffer.from(await file.range(at, at + 4)).readUInt32LE(0);
  return at + size > file.sizeBytes ? undefined : size > 4;
}

/** Where the sections are listed: behind the optional header, which says how many directories end it. */
function sectionTableAt(head: Buffer, coff: number): number | undefined {
  const at = coff + coffBytes;
  const size = head.readUInt16LE(coff + 16);
  if (size === 0) return at;
  const fixed = at + size > head.length ? undefined : optionalBytes.get(head.readUInt16LE(at));
  if (fixed === undefined || size < fixed) return undefined;
  return size - fixed === head.readUInt32LE(at + fixed - 4) * 8 ? at + size : undefined;
}

function isSound(section: Buffer, fileBytes: number, strings: boolean): boolean {
  const [relocations, count] = [section.readUInt32LE(24), section.readUInt16LE(32)];
  if (count > 0 && relocations + count * relocationBytes > fileBytes) return false;
  const name = nameOf(section);
  return !name.startsWith('/') || (strings && /^[/][0-9]+$/.test(name));
}

function nameOf(section: Buffer): string {
  return section.toString('latin1', 0, 8).split('\0', 1)[0] ?? '';
}
