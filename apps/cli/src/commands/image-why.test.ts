import { expect, test } from 'vitest';
import { reasonText } from './image-why.ts';

test('a path of an image is one line, whatever is in it', () => {
  const image = { reference: 'a', digest: 'b', package: '', why: [] };
  expect(reasonText({ ...image, path: '/a\u001b[2J\nb' })).toMatch(
    /^\/a\\x1b\[2J\\x0ab is of [^\n]*\n$/,
  );
});
