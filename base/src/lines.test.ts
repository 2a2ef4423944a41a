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
});
