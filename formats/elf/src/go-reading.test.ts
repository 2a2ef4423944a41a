import { expect, test } from 'vitest';
import { readAsGo } from './go-reading.ts';
import { byteSource } from './source.ts';

const names = '\0.text\0.shstrtab\0';

/** A file with three sections and one program header, the second half of its bytes free; places are overwritten. */
function elf(bits: 32 | 64, changes: Readonly<Record<number, number>> = {}): Uint8Array {
  const wide = bits === 64;
  const [header, segment, section] = wide ? [64, 56, 64] : [52, 32, 40];
  const sections = header + segment;
  const strings = sections + 3 * section;
  const bytes = Buffer.alloc(strings + names.length);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]);
  bytes.writeUInt16LE(40, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeUInt32LE(header, wide ? 32 : 28);
  bytes.writeUInt32LE(sections, wide ? 40 : 32);
  const counts = [segment, 1, section, 3, 2];
  for (const [index, count] of counts.entries())
    bytes.writeUInt16LE(count, (wide ? 54 : 42) + 2 * index);
  bytes.writeUInt32LE(1, sections + section);
  bytes.writeUInt32LE(7, sections + 2 * section);
  bytes.writeUInt32LE(3, sections + 2 * section + 4);
  bytes.writeUInt32LE(strings, sections + 2 * section + (wide ? 24 : 16));
  bytes.writeUInt32LE(names.length, sections + 2 * section + (wide ? 32 : 20));
  bytes.write(names, strings);
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
  return bytes;
}

const linkage = { interpreter: undefined, needed: [], sonames: [] };

const read = (bytes: Uint8Array): ReturnType<typeof readAsGo> => readAsGo(byteSource(bytes));

test('machine and names of sections are read in both classes', async () => {
  for (const bits of [32, 64] as const)
    expect(await read(elf(bits))).toEqual({
      machine: 40,
      sectionNames: ['', '.text', '.shstrtab'],
      linkage,
    });
  expect(await read(Buffer.from('#!/bin/sh'))).toBeUndefined();
});

test('of the version one byte counts, and a file need not name its sections', async () => {
  expect(await read(elf(64, { 21: 9 }))).toBeDefined();
  expect(await read(elf(64, { 62: 0 }))).toEqual({ machine: 40, sectionNames: [], linkage });
  // No section table at all.
  expect(await read(elf(64, { 40: 0, 60: 0, 62: 0 }))).toEqual({
    machine: 40,
    sectionNames: [],
    linkage,
  });
});

test.each<[string, Readonly<Record<number, number>>]>([
  ['class', { 4: 3 }],
  ['byte order', { 5: 0 }],
  ['version of the identification', { 6: 0 }],
  ['version of the header', { 20: 2 }],
  ['negative offset of sections', { 47: 0x80 }],
  ['negative offset of program headers', { 39: 0x80 }],
  ['sections without a place', { 40: 0 }],
  ['section of names that is not there', { 62: 3 }],
  ['section of names that holds none', { 62: 1 }],
  ['size of program headers', { 54: 55 }],
  ['program headers outside the file', { 56: 200 }],
  ['negative size of a program', { [64 + 39]: 0x80 }],
  ['size of section headers', { 58: 63 }],
  ['sections outside the file', { 60: 200 }],
  ['first section that is one, where the header counts none', { 60: 0, 124: 1 }],
  ['negative offset of a section', { [120 + 64 + 31]: 0x80 }],
  ['compressed section without its header', { [120 + 64 + 9]: 8 }],
  ['name outside the table', { [120 + 64]: 200 }],
])('refused: %s', async (_what, changes) => {
  await expect(read(elf(64, changes))).rejects.toMatchObject({ code: 'ELF_INVALID' });
});

test('a header that is cut short is refused', async () => {
  for (const length of [4, 15, 51])
    await expect(read(elf(32).subarray(0, length))).rejects.toMatchObject({ code: 'ELF_INVALID' });
});

test.each<[string, Readonly<Record<number, number>>]>([
  ["unknown ELF class 'ELFCLASSNONE' in record at byte 0x0", { 4: 0 }],
  ["unknown ELF data encoding 'ELFDATA2MSB+7' in record at byte 0x0", { 5: 9 }],
  ["mismatched ELF version 'EV_NONE' in record at byte 0x0", { 20: 0 }],
  ["invalid ELF shstrndx '3' in record at byte 0x0", { 62: 3 }],
  ["invalid ELF section name string table type 'SHT_NULL' in record at byte 0xb8", { 62: 1 }],
  [
    "invalid ELF section name string table type 'SHT_SYMTAB_SHNDX+241' in record at byte 0xf8",
    { [248 + 5]: 1 },
  ],
  ["bad section name index '200' in record at byte 0xb8", { [120 + 64]: 200 }],
  ["invalid shoff '-9223372036854775688' in record at byte 0x0", { 47: 0x80 }],
  [
    "invalid program header file size '9223372036854775808' in record at byte 0x40",
    { [64 + 39]: 0x80 },
  ],
  ["invalid section size '-9223372036854775808' in record at byte 0x78", { [120 + 39]: 0x80 }],
  ["invalid type of the initial section 'SHT_LOUSER' in record at byte 0x78", { 60: 0, 127: 0x80 }],
  ["invalid ELF shnum contained in sh_size '3' in record at byte 0x78", { 60: 0, [120 + 32]: 3 }],
  ['EOF', { 60: 200 }],
])('the reason is told in the words of Go: %s', async (message, changes) => {
  await expect(read(elf(64, changes))).rejects.toMatchObject({ message });
});
