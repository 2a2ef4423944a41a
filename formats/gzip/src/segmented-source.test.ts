import { randomBytes } from 'node:crypto';
import { KilnError } from '@kiln/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gzipBytes } from './compress.ts';
import { memberOf } from './member-fixture.ts';
import { pieceBytesMax } from './pieces.ts';
import { isSegmentedMember } from './segmented.ts';
import type { MemberSegment } from './segmented.ts';
import { readSegmented } from './segmented-source.ts';
import { splitMembers } from './split.ts';

interface Read {
  readonly content: Buffer;
  readonly segments: readonly MemberSegment[];
}

/** With at most so many bytes given at a time. */
function read(bytes: Uint8Array, atOnce = 5000, outputBytesMax = 2 ** 30): Read {
  const content: Uint8Array[] = [];
  const segments: MemberSegment[] = [];
  let at = 0;
  readSegmented({
    outputBytesMax,
    read: (into) => {
      const some = bytes.subarray(at, at + Math.min(atOnce, into.length));
      into.set(some);
      at += some.length;
      return some.length;
    },
    segment: (facts, some) => {
      segments.push(facts);
      content.push(Buffer.from(some));
    },
  });
  return { content: Buffer.concat(content), segments };
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'nothing';
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return error.code;
  }
};

const text = Buffer.from('what is said once, and said again. '.repeat(900));

describe('a member of segments from a file', () => {
  it('gives what it gives at hand, however many bytes come at a time', async () => {
    const large = Buffer.concat([randomBytes(pieceBytesMax - text.length), text]);
    const member = await memberOf([text, large, Buffer.of(7), large, large, large, text]);
    const [atHand] = splitMembers(member);
    for (const atOnce of [1000, 65_536, 2 ** 26]) {
      const { content, segments } = read(member, atOnce);
      expect(content.equals(Buffer.from(atHand?.content ?? []))).toBe(true);
      expect(segments).toEqual(atHand?.segments);
    }
    expect(read(await memberOf([])).segments).toEqual([]);
  });

  it('is told from others by its start', async () => {
    expect(isSegmentedMember(await memberOf([text]))).toBe(true);
    expect(isSegmentedMember(gzipBytes(text))).toBe(false);
    expect(isSegmentedMember(Buffer.of(0x1f))).toBe(false);
    expect(codeOf(() => read(gzipBytes(text)))).toBe('GZIP_CORRUPT');
    expect(codeOf(() => read(Buffer.alloc(0)))).toBe('GZIP_CORRUPT');
  });

  it('is refused with bytes behind it, cut short, larger than allowed, or with a byte changed', async () => {
    const member = await memberOf([text.subarray(0, 400), text.subarray(400, 500)]);
    expect(codeOf(() => read(Buffer.concat([member, member])))).toBe('GZIP_CORRUPT');
    expect(codeOf(() => read(Buffer.concat([member, Buffer.of(0)])))).toBe('GZIP_CORRUPT');
    expect(codeOf(() => read(member, 100, 499))).toBe('GZIP_TOO_LARGE');
    expect(read(member, 100, 500).content.length).toBe(500);
    for (let end = 0; end < member.length; end += 1)
      expect(codeOf(() => read(member.subarray(0, end)))).toMatch(/^GZIP_(CORRUPT|TRUNCATED)$/);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: member.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, bits) => {
          const changed = Buffer.from(member);
          changed[at] = (changed[at] ?? 0) ^ bits;
          // Deflate can say the same in other words.
          const wanted = text.subarray(0, 500);
          const found = codeOf(() => read(changed));
          const isSame = found === 'nothing' && read(changed).content.equals(wanted);
          expect(isSame || found.startsWith('GZIP_')).toBe(true);
        },
      ),
    );
  });
});
