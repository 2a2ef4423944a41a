import { crc32, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { combineCrc } from './crc.ts';
import { deflateSegment, deflateSegmentNow, segmentedMember } from './segment.ts';
import type { DeflateSegment } from './segment.ts';

async function memberOf(segments: readonly DeflateSegment[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of segmentedMember(segments)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

it('combines check sums as if the contents had been seen in one piece', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array({ maxLength: 5000 }), (first, second) => {
      const whole = crc32(Buffer.concat([first, second]));
      expect(combineCrc(crc32(first), crc32(second), second.length)).toBe(whole);
    }),
  );
});

it('combines the check sums of contents of any size, however they are grouped', () => {
  const crc = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const size = fc.integer({ min: 0, max: 2 ** 40 });
  fc.assert(
    fc.property(crc, crc, crc, size, size, (a, b, c, sizeOfB, sizeOfC) => {
      const left = combineCrc(combineCrc(a, b, sizeOfB), c, sizeOfC);
      expect(combineCrc(a, combineCrc(b, c, sizeOfC), sizeOfB + sizeOfC)).toBe(left);
    }),
  );
});

it('makes the same segment in this thread and in one of the pool', async () => {
  const content = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 400 });
  await fc.assert(
    fc.asyncProperty(content, fc.integer({ min: 1, max: 9 }), async (words, level) => {
      const text = Buffer.concat([...words, ...words]);
      expect(deflateSegmentNow(text, { level })).toEqual(await deflateSegment(text, { level }));
    }),
    { numRuns: 30 },
  );
});

it('makes one member of segments in any order, the same bytes for the same segments', async () => {
  const contents = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(contents, fc.integer({ min: 1, max: 9 }), async (parts, level) => {
      const segments = await Promise.all(parts.map((part) => deflateSegment(part, { level })));
      const member = await memberOf(segments);
      expect(gunzipSync(member).equals(Buffer.concat(parts))).toBe(true);
      expect((await memberOf(segments)).equals(member)).toBe(true);
      const turned = await memberOf(segments.toReversed());
      expect(gunzipSync(turned).equals(Buffer.concat(parts.toReversed()))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it('is an empty member without segments', async () => {
  expect(gunzipSync(await memberOf([]))).toHaveLength(0);
});
