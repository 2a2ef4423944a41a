import { expect, test } from 'vitest';
import { hintFor, reasonText } from './image-why.ts';

test.each([
  ['pcre', ['pcre2', 'zlib'], /^did you mean pcre2\? a package /],
  ['pcre2=10.44-r0', ['zlib'], /^a package is named without its version/],
  ['usr/bin/pcre2grep', [], /a file begins with \/$/],
])('whoever asks for %s learns how', (name, there, hint) => {
  expect(hintFor(name, there)).toMatch(hint);
});

test('a path of an image is one line, whatever is in it', () => {
  const image = { reference: 'a', digest: 'b', package: '', why: [] };
  expect(reasonText({ ...image, path: '/a\u001b[2J\nb' })).toMatch(
    /^\/a\\x1b\[2J\\x0ab is of [^\n]*\n$/,
  );
});
