import { expect, test } from 'vitest';
import { readElf } from './elf.ts';
import { byteSource } from './source.ts';

/** Writes numbers of 2, 4 and 8 bytes in one byte order. */
class Writer {
  readonly bytes = new Uint8Array(512);
  readonly #data = new DataView(this.bytes.buffer);
  readonly #little: boolean;

  constructor(little: boolean) {
    this.#little = little;
    this.bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, little ? 1 : 2, 1]);
  }

  put(size: 2 | 4 | 8, at: number, value: number): void {
    if (size === 2) this.#data.setUint16(at, value, this.#little);
    else if (size === 4) this.#data.setUint32(at, value, this.#little);
    else this.#data.setBigUint64(at, BigInt(value), this.#little);
  }
}

/** A library with an own name and one that it needs: one load segment over the whole file, and a dynamic segment. */
function library(little: boolean): Uint8Array {
  const out = new Writer(little);
  out.put(2, 16, 3);
  out.put(2, 18, 22);
  out.put(8, 32, 64);
  out.put(2, 54, 56);
  out.put(2, 56, 2);
  for (const [at, type, offset, size] of [
    [64, 1, 0, 512],
    [120, 2, 256, 80],
  ] as const) {
    out.put(4, at, type);
    out.put(8, at + 8, offset);
    out.put(8, at + 16, offset);
    out.put(8, at + 32, size);
  }
  const entries = [
    [5, 400],
    [10, 32],
    [14, 1],
    [1, 11],
  ] as const;
  for (const [index, [key, value]] of entries.entries()) {
    out.put(8, 256 + index * 16, key);
    out.put(8, 264 + index * 16, value);
  }
  out.bytes.set(Buffer.from('\0libx.so.1\0libc.so.6\0'), 400);
  return out.bytes;
}

test('a file says the same in either byte order', async () => {
  const facts = { bits: 64, type: 'shared', machine: 22, sonames: ['libx.so.1'] };
  for (const little of [true, false]) {
    expect(await readElf(byteSource(library(little)))).toMatchObject({
      ...facts,
      byteOrder: little ? 'little' : 'big',
      needed: ['libc.so.6'],
    });
  }
});
