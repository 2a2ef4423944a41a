import { randomBytes } from 'node:crypto';
import { constants, crc32, deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib';
import { KilnError } from '@kiln/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberOf } from './member-fixture.ts';
import { memberTrailer } from './member.ts';
import { pieceBytesMax, segmentLevel } from './pieces.ts';
import { deflateSegment } from './segment.ts';
import { lastBlock, segmentedHeader, separator } from './segmented.ts';
import type { MemberSegment } from './segmented.ts';
import { gunzipBytes, splitMembers } from './split.ts';
import { readMembers } from './stream.ts';

interface Streamed {
  readonly content: Buffer;
  readonly compressed: Buffer;
  readonly segments: readonly MemberSegment[];
}

async function streamed(bytes: Uint8Array, chunkBytes: number): Promise<Streamed> {
  const content: Uint8Array[] = [];
  const compressed: Uint8Array[] = [];
  const segments: MemberSegment[] = [];
  const members = readMembers(chunked(bytes, chunkBytes), {
    onSegment: (segment) => void segments.push(segment),
    onCompressed: (some) => void compressed.push(Buffer.from(some)),
  });
  for await (const member of members)
    for await (const chunk of member.content) content.push(Buffer.from(chunk));
  return { content: Buffer.concat(content), compressed: Buffer.concat(compressed), segments };
}

async function* chunked(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes)
    yield await Promise.resolve(bytes.subarray(at, at + chunkBytes));
}

const text = Buffer.from('what is said once, and said again. '.repeat(9000));
const large = Buffer.concat([randomBytes(pieceBytesMax - text.length), text]);

/** Random and repetitive contents, none of them empty. */
const contents = fc.array(
  fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 2000 }),
    fc.integer({ min: 1, max: 30_000 }).map((size) => text.subarray(0, size)),
  ),
  { maxLength: 8 },
);

describe('a member of separable segments', () => {
  it('is a member as any other to whoever does not know', async () => {
    await fc.assert(
      fc.asyncProperty(contents, async (parts) => {
        const member = await memberOf(parts);
        expect(gunzipSync(member).equals(Buffer.concat(parts))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('gives its segments back, at hand and streamed in any chunks', async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.integer({ min: 1, max: 5000 }), async (parts, chunkBytes) => {
        const bytes = await memberOf(parts);
        const [member] = splitMembers(bytes);
        const content = Buffer.concat(parts);
        expect(Buffer.from(member?.content ?? []).equals(content)).toBe(true);
        expect(member?.compressed).toHaveLength(bytes.length);
        const stream = await streamed(bytes, chunkBytes);
        expect(stream.content.equals(content)).toBe(true);
        expect(stream.compressed.equals(bytes)).toBe(true);
        expect(stream.segments).toEqual(member?.segments);
        expect(stream.segments.map(({ contentSizeBytes }) => contentSizeBytes)).toEqual(
          parts.map(({ length }) => length),
        );
        for (const [i, segment] of stream.segments.entries()) {
          const its = bytes.subarray(segment.offset, segment.offset + segment.sizeBytes);
          const made = await deflateSegment(parts[i] ?? text, { level: segmentLevel });
          expect(its.equals(Buffer.from(made.bytes))).toBe(true);
          expect(segment.bytesCrc).toBe(crc32(its));
          expect(segment.crc).toBe(made.crc);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('may have pieces of the largest size, behind another member too', async () => {
    const before = await memberOf([text]);
    const bytes = Buffer.concat([before, await memberOf([large, text, large])]);
    const [, member] = splitMembers(bytes);
    expect(member?.segments?.map(({ contentOffset }) => contentOffset)).toEqual([
      0,
      pieceBytesMax,
      pieceBytesMax + text.length,
    ]);
    const stream = await streamed(bytes, 100_000);
    expect(stream.segments.slice(1).map(({ offset }) => offset)).toEqual(
      member?.segments?.map(({ offset }) => offset),
    );
  });

  it('may hold another one as it is, with all its marks', async () => {
    const inner = await memberOf(Array.from({ length: 30 }, () => randomBytes(9000)));
    const bytes = await memberOf([inner, text]);
    expect(splitMembers(bytes)[0]?.segments).toHaveLength(2);
    expect((await streamed(bytes, 4096)).content.equals(Buffer.concat([inner, text]))).toBe(true);
  });

  it('is refused at any length it may be cut to', async () => {
    const bytes = await memberOf([text.subarray(0, 500), text.subarray(0, 700)]);
    for (let size = 1; size < bytes.length; size += 1) {
      expect(codeOf(() => splitMembers(bytes.subarray(0, size)))).toBe('GZIP_TRUNCATED');
      expect(await codeOfStream(bytes.subarray(0, size))).toBe('GZIP_TRUNCATED');
    }
  });
});

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return error instanceof KilnError ? error.code : String(error);
  }
}

async function codeOfStream(bytes: Uint8Array): Promise<string> {
  return streamed(bytes, 1000).then(
    () => 'accepted',
    (error: unknown) => (error instanceof KilnError ? error.code : String(error)),
  );
}

/** What says of itself that it is made of segments, and is a whole member to others. */
function liar(body: readonly Uint8Array[], content: Uint8Array): Buffer {
  const trailer = memberTrailer(crc32(content), content.length);
  return Buffer.concat([segmentedHeader(), ...body, trailer]);
}

const synced = (content: Uint8Array): Buffer =>
  deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH });

describe('what lies about its segments is refused', () => {
  /** At hand and streamed. What no end was found of may also have been cut. */
  const refusals = async (bytes: Uint8Array): Promise<string> =>
    `${codeOf(() => gunzipBytes(bytes))} ${await codeOfStream(bytes)}`;
  const noEnd = /^GZIP_(?:CORRUPT|TRUNCATED) GZIP_(?:CORRUPT|TRUNCATED)$/;

  it('a part that refers to what is before it', async () => {
    const both = Buffer.concat([text.subarray(0, 2000), text.subarray(0, 2000)]);
    const alone = synced(text.subarray(0, 2000));
    // A stream of the same beginning whose second half points back into the first.
    const options = { dictionary: text.subarray(0, 2000), finishFlush: constants.Z_SYNC_FLUSH };
    const pointing = deflateRawSync(text.subarray(0, 2000), options);
    const whole = Buffer.concat([alone, separator, pointing, separator, lastBlock]);
    expect(inflateRawSync(whole).equals(both)).toBe(true);
    expect(await refusals(liar([whole], both))).toMatch(noEnd);
  });

  it('a part that ends the stream', async () => {
    const ending = Buffer.concat([synced(text), Uint8Array.of(1, 0, 0, 0xff, 0xff)]);
    expect(await refusals(liar([ending, separator, lastBlock], text))).toMatch(noEnd);
  });

  it('a stream without ends of parts', async () => {
    expect(await refusals(liar([deflateRawSync(large)], large))).toMatch(noEnd);
  });

  it('a part of more content than is ever in one', async () => {
    const zeros = Buffer.alloc(pieceBytesMax + 1);
    expect(await refusals(liar([synced(zeros), separator, lastBlock], zeros))).toBe(
      'GZIP_TOO_LARGE GZIP_TOO_LARGE',
    );
  });

  it('a sum that is not that of the content', async () => {
    expect(await refusals(liar([synced(text), separator, lastBlock], large))).toBe(
      'GZIP_CORRUPT GZIP_CORRUPT',
    );
  });
});

it('content above the limit is refused before there is memory for it', async () => {
  const bytes = await memberOf([text, text]);
  expect(codeOf(() => splitMembers(bytes, { outputBytesMax: text.length }))).toBe('GZIP_TOO_LARGE');
});
