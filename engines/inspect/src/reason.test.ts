import { expect, test } from 'vitest';
import { packageHint } from './reason.ts';

test.each([
  ['pcre', ['pcre2', 'zlib'], /^did you mean pcre2\? a package /],
  ['pcre2=10.44-r0', ['zlib'], /^a package is named without its version/],
  ['usr/bin/pcre2grep', [], /a file begins with \/$/],
])('whoever asks for %s learns how', (name, there, hint) => {
  expect(packageHint(name, there)).toMatch(hint);
});
