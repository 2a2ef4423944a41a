import { expect, it } from 'vitest';
import { namedDigests } from './named-digests.ts';

it('a text names what could be a SHA-256 or a SHA-512, wherever it stands', () => {
  const a = 'a1'.repeat(32);
  const b = 'b2'.repeat(64);
  const text = `{"x":"sha256:${a}","y":{"sha256":"${a}"}}\nexpected-sha512: ${b} ${a}0 ${b}00 abc`;
  expect(namedDigests(text)).toEqual([a, a, b]);
  expect(namedDigests('')).toEqual([]);
});
