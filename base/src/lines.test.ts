import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linesOf } from './lines.ts';

async function* chunks(texts: readonly (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield typeof text === 'string' ? Buffer.from(text) : text;
}

const read = async (
  texts: readonly (string | Uint8Array)[],
  bytesMax = 100,
): Promise<readonly string[]> => {
  const lines: string[] = [];
  for await (const line of linesOf(chunks(texts), bytesMax, () => new Error('too long')))
    lines.push(line);
  return lines;
};

describe('lines', () => {
  test('end with a line feed, with or without a carriage return; the last one may lack it', async () => {
    expect(await read(['a\nb\r\n\nc'])).toEqual(['a', 'b', '', 'c']);
    expect(await read(['a\n'])).toEqual(['a']);
    expect(await read([''])).toEqual([]);
  });

  test('are the same wherever chunks are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''))),
        fc.integer({ min: 1, max: 7 }),
        async (lines, step) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const cut = [];
          for (let at = 0; at < bytes.length; at += step) cut.push(bytes.subarray(at, at + step));
          expect(await read(cut, 10_000)).toEqual(lines.map((line) => line.toWellFormed()));
        },
      ),
    );
  });

  test('that are too long are refused, also when their end never comes', async () => {
    expect(await read(['abcde\n'], 5)).toEqual(['abcde']);
    await expect(read(['abcdef\n'], 5)).rejects.toThrow('too long');
    await expect(read(['abc', 'def'], 5)).rejects.toThrow('too long');
  });

  test('that are no UTF-8 are refused where that is asked for', async () => {
    const bytes = [Buffer.from('é\n'), Buffer.from([0x61, 0xff, 0x0a])];
    expect(await read(bytes)).toEqual(['é', 'a\ufffd']);
    const seen: string[] = [];
    const strict = async (): Promise<void> => {
      const refuse = (why: string) => (): Error => new Error(why);
      for await (const line of linesOf(chunks(bytes), 9, refuse('too long'), refuse('not UTF-8')))
        seen.push(line);
    };
    await expect(strict()).rejects.toThrow('not UTF-8');
    expect(seen).toEqual(['é']);
  });
});
