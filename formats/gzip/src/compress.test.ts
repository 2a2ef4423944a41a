import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gzipBytes, gzipMember } from './compress.ts';

async function joined(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

/** Neither constant nor random, and longer than the window of deflate. */
const sample = Buffer.from(
  Array.from({ length: 40_000 }, (_, i) => `${i} ${(i * i) % 977}\n`).join(''),
);

describe('gzipMember', () => {
  it('begins with ten fixed bytes that name no time and no system', async () => {
    const bytes = await joined(gzipMember(Buffer.from('x')));
    expect(bytes.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
  });

  it('can be read by others, empty content included', async () => {
    expect(gunzipSync(await joined(gzipMember(sample))).equals(sample)).toBe(true);
    expect(gunzipSync(gzipBytes(new Uint8Array(0)))).toHaveLength(0);
  });

  it.each([1, 6, 9])(
    'gives the same bytes however the source is cut, at level %d',
    async (level) => {
      const whole = Buffer.from(gzipBytes(sample, { level }));
      for (const size of [977, 4096, 65_536, 70_001, sample.length]) {
        expect((await joined(gzipMember(cut(sample, size), { level }))).equals(whole)).toBe(true);
      }
    },
  );

  it('gives the same bytes for random contents and cuts', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 3000 }),
      fc.integer({ min: 1, max: 500 }),
      async (content, size) => {
        const streamed = await joined(gzipMember(cut(content, size)));
        expect(streamed.equals(Buffer.from(gzipBytes(content)))).toBe(true);
        expect(gunzipSync(streamed).equals(Buffer.from(content))).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: 50 });
  });

  it('passes on what the source throws', async () => {
    const failing = (async function* (): AsyncGenerator<Uint8Array> {
      yield sample;
      throw new Error('disk is gone');
    })();
    await expect(joined(gzipMember(failing))).rejects.toThrow('disk is gone');
  });

  it('closes the source when the reader stops early', async () => {
    let closed = false;
    const source = (async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield sample;
      } finally {
        closed = true;
      }
    })();
    let chunks = 0;
    for await (const _chunk of gzipMember(source)) if (++chunks === 3) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closed).toBe(true);
  });
});
