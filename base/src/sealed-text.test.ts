import { expect, test } from 'vitest';
import { sealBytes, sealText, unsealBytes, unsealText } from './sealed-text.ts';

test('a sealed text comes back, and a damaged one does not', () => {
  for (const text of ['', '{}', 'a\nb\n', 'é']) expect(unsealText(sealText(text))).toBe(text);
  const sealed = sealText('{"size":1}');
  for (let at = 0; at < sealed.length; at += 1)
    expect(unsealText(`${sealed.slice(0, at)}~${sealed.slice(at + 1)}`)).toBeUndefined();
  expect(unsealText(sealed.slice(0, -1))).toBeUndefined();
  expect(unsealText('{"size":1}')).toBeUndefined();
});

test('sealed bytes come back, and damaged ones do not', () => {
  const sealed = Buffer.concat(sealBytes([Buffer.of(0, 10, 255), Buffer.from('b')]));
  expect(unsealBytes(sealed)).toEqual(Buffer.of(0, 10, 255, 98));
  for (let at = 0; at < sealed.length; at += 1) {
    const damaged = Buffer.from(sealed);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect(unsealBytes(damaged)).toBeUndefined();
  }
  expect(unsealBytes(sealed.subarray(0, -1))).toBeUndefined();
  expect(unsealBytes(Buffer.from('b'))).toBeUndefined();
});
