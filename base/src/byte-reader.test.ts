import { describe, expect, it } from 'vitest';
import { ByteReader } from './byte-reader.ts';

async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < text.length; i += size) yield Buffer.from(text.slice(i, i + size));
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString();

describe('ByteReader', () => {
  it('takes exact numbers of bytes wherever the chunks fall', async () => {
    for (const size of [1, 2, 3, 5, 100]) {
      const reader = new ByteReader(cut('abcdefgh', size));
      expect(text(await reader.take(3))).toBe('abc');
      expect(text(await reader.take(4))).toBe('defg');
      expect(reader.position).toBe(7);
      expect(text(await reader.take(4))).toBe('h');
      expect(await reader.next()).toBeUndefined();
    }
  });

  it('reads again what was given back', async () => {
    const reader = new ByteReader(Buffer.from('abcdef'));
    const first = await reader.next(4);
    reader.giveBack(first?.subarray(1) ?? new Uint8Array(0));
    expect(reader.position).toBe(1);
    expect(text(await reader.take(5))).toBe('bcdef');
  });

  it('closes its source', async () => {
    let closed = false;
    const reader = new ByteReader(
      (async function* () {
        try {
          yield Buffer.from('a');
          yield Buffer.from('b');
        } finally {
          closed = true;
        }
      })(),
    );
    await reader.next();
    await reader.close();
    expect(closed).toBe(true);
  });
});
