import { expect, test } from 'vitest';
import { sealText, unsealText } from './sealed-text.ts';

test('a sealed text comes back, and a damaged one does not', () => {
  for (const text of ['', '{}', 'a\nb\n', 'é']) expect(unsealText(sealText(text))).toBe(text);
  const sealed = sealText('{"size":1}');
  for (let at = 0; at < sealed.length; at += 1)
    expect(unsealText(`${sealed.slice(0, at)}~${sealed.slice(at + 1)}`)).toBeUndefined();
  expect(unsealText(sealed.slice(0, -1))).toBeUndefined();
  expect(unsealText('{"size":1}')).toBeUndefined();
});
