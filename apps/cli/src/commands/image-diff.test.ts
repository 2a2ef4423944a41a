import { expect, test } from 'vitest';
import { differenceText } from './image-diff.ts';

test('what images hold makes no lines of its own', () => {
  const image = { reference: 'a', digest: `sha256:${'0'.repeat(64)}` };
  const settings = [{ setting: 'env A', from: null, to: '\u001b[2J' }];
  const file = { path: 'a\nnothing differs', of: [], package: '', explained: false };
  const text = differenceText(
    { from: image, to: image, packages: [], settings, files: [{ ...file, change: 'added' }] },
    true,
  );
  expect(text.split('\n').slice(2)).toEqual([
    '+ env A: "\\x1b[2J"',
    '+ /a\\x0anothing differs',
    '',
  ]);
});
