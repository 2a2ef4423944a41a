import { KilnError } from '@kiln/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readElf } from './elf.ts';
import { readGoBuildInfo } from './go-build-info.ts';
import { byteSource } from './source.ts';

/** A 64-bit header with the given places overwritten. */
function header(fields: Readonly<Record<number, number>>, size = 256): Uint8Array {
  const bytes = new Uint8Array(size);
  const data = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  data.setUint16(16, 3, true);
  data.setUint16(54, 56, true);
  data.setUint16(58, 64, true);
  for (const [at, value] of Object.entries(fields)) data.setUint32(Number(at), value, true);
  return bytes;
}

async function refusal(bytes: Uint8Array): Promise<string> {
  try {
    await readElf(byteSource(bytes));
  } catch (error) {
    if (error instanceof KilnError && error.code === 'ELF_INVALID') return error.message;
    throw error;
  }
  throw new Error('was accepted');
}

test('what does not begin with the magic number is no ELF file', async () => {
  expect(await readElf(byteSource(Buffer.from('#!/bin/sh\n')))).toBeUndefined();
  expect(await readElf(byteSource(new Uint8Array(0)))).toBeUndefined();
});

test('a header that is cut short, of unknown class or byte order is refused', async () => {
  expect(await refusal(header({}).subarray(0, 20))).toMatch(/cut short/);
  expect(await refusal(header({}).subarray(0, 60))).toMatch(/cut short/);
  expect(await refusal(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 9, 1, ...new Uint8Array(60)))).toMatch(
    /class/,
  );
  expect(await refusal(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 3, ...new Uint8Array(60)))).toMatch(
    /byte order/,
  );
});

test('tables that lie outside the file are refused', async () => {
  expect(await refusal(header({ 32: 0xffff_fff0, 56: 1 }))).toMatch(/outside the file/);
  expect(await refusal(header({ 36: 0xffff_ffff, 56: 1 }))).toMatch(/outside the file/);
  expect(await refusal(header({ 32: 64, 56: 0xffff }))).toMatch(/program headers/);
});

test('a dynamic section with names but no string table is refused', async () => {
  const bytes = header({ 32: 64, 56: 1, 64: 2, 72: 128, 96: 32, 128: 1, 136: 5 });
  expect(await refusal(bytes)).toMatch(/without a string table/);
});

test('a dynamic section that claims to be endless is refused', async () => {
  expect(await refusal(header({ 32: 64, 56: 1, 64: 2, 72: 128, 100: 1 }))).toMatch(
    /dynamic entries/,
  );
});

test('no bytes after the magic number make the reader fail in another way', async () => {
  const sound = fc.asyncProperty(fc.uint8Array({ minLength: 60, maxLength: 400 }), async (tail) => {
    const bytes = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1 + ((tail[0] ?? 0) % 2), ...tail);
    try {
      const elf = await readElf(byteSource(bytes));
      if (elf !== undefined) await readGoBuildInfo(byteSource(bytes), elf);
    } catch (error) {
      if (!(error instanceof KilnError && error.code === 'ELF_INVALID')) throw error;
    }
  });
  const outcome = await fc.check(sound, { numRuns: 500 });
  expect(outcome.failed).toBe(false);
});
