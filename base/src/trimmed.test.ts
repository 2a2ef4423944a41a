import { expect, test } from 'vitest';
import { trimmed } from './trimmed.ts';

test.each([
  ['', ''],
  [' \t\r\n\v\f', ''],
  ['\u0085\u00a0\u3000a b\u2028\u2029', 'a b'],
  ['\ufeffa\u200b ', '\ufeffa\u200b'],
])('%j without what is around it is %j', (text, expected) => {
  expect(trimmed(text)).toBe(expected);
});
