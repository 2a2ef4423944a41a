import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inParts } from './in-parts.ts';

test('cuts a stream into full buffers and a rest, however it comes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 20 })),
      fc.integer({ min: 1, max: 30 }),
      async (chunks, sizeBytes) => {
        const whole = Buffer.concat(chunks);
        const parts: Buffer[] = [];
        let asked = 0;
        const buffer = (): Uint8Array => ((asked += 1), new Uint8Array(sizeBytes));
        for await (const part of inParts(chunks, buffer)) parts.push(Buffer.from(part));
        expect(Buffer.concat(parts).equals(whole)).toBe(true);
        expect(parts.slice(0, -1).every(({ length }) => length === sizeBytes)).toBe(true);
        expect(parts).toHaveLength(Math.ceil(whole.length / sizeBytes));
        expect(asked).toBe(parts.length);
      },
    ),
  );
});
