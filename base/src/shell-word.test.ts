import { expect, test } from 'vitest';
import { shellWord } from './shell-word.ts';

test.each([
  ['/srv/kiln/public/image.pub', '/srv/kiln/public/image.pub'],
  ['localhost:7420/a@sha256:0', 'localhost:7420/a@sha256:0'],
  ['', "''"],
  ['/my home/#1', "'/my home/#1'"],
  ["it's $HOME", "'it'\\''s $HOME'"],
])('%j is %s in a shell', (text, word) => {
  expect(shellWord(text)).toBe(word);
});
