import { digestOf } from '@kiln/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DigestSet } from './digest-set.ts';

describe('a set of digests', () => {
  it('has what was added and nothing else, however many there are', () => {
    const set = new DigestSet();
    const digests = Array.from({ length: 20_000 }, (_, at) => digestOf(`${at}`));
    for (const digest of digests) set.add(digest);
    for (const digest of digests) set.addHex(digest.slice(7));
    expect(set.size).toBe(20_000);
    expect(digests.every((digest) => set.has(digest))).toBe(true);
    const others = Array.from({ length: 20_000 }, (_, at) => digestOf(`other ${at}`));
    expect(others.filter((digest) => set.has(digest))).toEqual([]);
  });

  it('never loses a digest, also when they differ little', () => {
    const hex = fc.array(fc.constantFrom('0', '1', 'f'), { minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(fc.array(hex, { maxLength: 200 }), (texts) => {
        const set = new DigestSet(1);
        const digests = texts.map((text) => `sha256:${text.join('')}` as const);
        for (const digest of digests) set.add(digest);
        expect(digests.filter((digest) => !set.has(digest))).toEqual([]);
      }),
    );
  });
});
