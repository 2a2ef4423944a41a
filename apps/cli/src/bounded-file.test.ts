import { expect, test } from 'vitest';
import { readBoundedFile } from './bounded-file.ts';

test('a file that never ends is given up', () => {
  expect(() => readBoundedFile('/dev/zero', 200_000)).toThrow(
    expect.objectContaining({
      code: 'LOCAL_FILE_TOO_LARGE',
      message: '"/dev/zero" is larger than 200000 bytes',
    }),
  );
});

test('a file is read whole, and an empty one is empty', () => {
  expect(readBoundedFile(import.meta.filename, 2 ** 20).toString()).toContain('an empty one');
  expect(readBoundedFile('/dev/null', 0)).toHaveLength(0);
});
