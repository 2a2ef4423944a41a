import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KeptFiles } from './kept-files.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kiln-kept-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const bytesOf = (size: number): Buffer =>
  Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz0123456789');

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  const shared = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(shared, 0, at);
    yield shared.subarray(0, length);
  }
}

async function joined(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

it.each([0, 1, 65_535, 65_536, 65_537, 300_000])(
  'gives %d bytes back as they came',
  async (size) => {
    await using kept = await KeptFiles.open(folder);
    const bytes = bytesOf(size);
    const content = await kept.keep(pieces(bytes, 1000), 'a');
    expect((await joined(content.open())).equals(bytes)).toBe(true);
    expect((await joined(content.open())).equals(bytes)).toBe(true);
    expect(Buffer.from(await content.range(10, 25))).toEqual(bytes.subarray(10, 25));
    expect(Buffer.from(await content.range(size - 1, size + 99))).toEqual(bytes.subarray(size - 1));
  },
);

it('leaves nothing behind', async () => {
  {
    await using kept = await KeptFiles.open(folder);
    await kept.keep(pieces(bytesOf(200_000), 4096), 'a');
    await kept.keep(pieces(bytesOf(200_000), 4096), '../a');
    expect(readdirSync(path.join(folder, readdirSync(folder)[0] ?? ''))).toEqual(['0', '1']);
  }
  expect(readdirSync(folder)).toEqual([]);
});
