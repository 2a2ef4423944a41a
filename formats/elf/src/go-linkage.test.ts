import { expect, test } from 'vitest';
import { readAsGo, type ElfLinkage } from './go-reading.ts';
import { byteSource, type ByteSource } from './source.ts';

async function readElfLinkage(source: ByteSource): Promise<ElfLinkage | undefined> {
  return (await readAsGo(source))?.linkage;
}

/** A library with three sections (none, dynamic, strings) and an interpreter that no dynamic segment goes with. */
function library(): Uint8Array {
  const bytes = new Uint8Array(512);
  const data = new DataView(bytes.buffer);
  const put = (
    at: number,
    ...values: readonly (readonly [size: 2 | 4 | 8, value: number])[]
  ): void => {
    let next = at;
    for (const [size, value] of values) {
      if (size === 2) data.setUint16(next, value, true);
      else if (size === 4) data.setUint32(next, value, true);
      else data.setBigUint64(next, BigInt(value), true);
      next += size;
    }
  };
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  put(16, [2, 3], [2, 62], [4, 1], [8, 0], [8, 64], [8, 128], [4, 0]);
  put(52, [2, 64], [2, 56], [2, 1], [2, 64], [2, 3], [2, 2]);
  put(64, [4, 3], [4, 0], [8, 440], [8, 0], [8, 0], [8, 12]);
  put(192, [4, 1], [4, 6], [8, 0], [8, 0], [8, 320], [8, 64], [4, 2]);
  put(256, [4, 0], [4, 3], [8, 0], [8, 0], [8, 400], [8, 32]);
  put(320, [8, 14], [8, 1], [8, 0], [8, 0], [8, 1], [8, 11], [8, 1], [8, 99]);
  bytes.set(Buffer.from('\0libx.so.1\0libc.so.6\0'), 400);
  bytes.set(Buffer.from('\0/lib/ld.so\0'), 440);
  return bytes;
}

function changed(at: number, ...bytes: readonly number[]): Promise<ElfLinkage | undefined> {
  const file = library();
  file.set(bytes, at);
  return readElfLinkage(byteSource(file));
}

const facts = { interpreter: '/lib/ld.so', needed: ['libc.so.6'], sonames: ['libx.so.1'] };

test('names are those of the dynamic section, to its end; one that lies outside of the strings is none', async () => {
  expect(await changed(0, 0x7f)).toEqual(facts);
  expect(await changed(0, 0)).toBeUndefined();
});

test('a dynamic section that is not sound gives no names', async () => {
  const nothing = { ...facts, needed: [], sonames: [] };
  expect(await changed(192 + 32, 63)).toEqual(nothing);
  expect(await changed(192 + 40, 9)).toEqual(nothing);
  expect(await changed(192 + 25, 9)).toEqual(nothing);
  // Compressed.
  expect(await changed(192 + 9, 8)).toEqual(nothing);
});

test('without sections there are no names', async () => {
  const file = library();
  file.fill(0, 40, 48);
  file.fill(0, 60, 64);
  const nothing = { ...facts, needed: [], sonames: [] };
  expect(await readElfLinkage(byteSource(file))).toEqual(nothing);
});

test.each([
  ['a version of its own', 6, [2]],
  ['another version in the header', 20, [2]],
  ['sections outside the file', 41, [9]],
  ['no section for names', 62, [3]],
  ['names that are no strings', 260, [1]],
  ['a section whose name is outside', 193, [1]],
  ['a negative offset of a segment', 79, [0x80]],
  ['a negative size of a section', 231, [0x80]],
  ['a compressed section of no size', 128 + 9, [8]],
  ['sections that it does not count', 60, [0]],
] as const)('a file with %s is refused', async (_what, at, bytes) => {
  await expect(changed(at, ...bytes)).rejects.toMatchObject({ code: 'ELF_INVALID' });
});
