import { expect, test } from 'vitest';
import { foldersOf } from './options.ts';

test('a folder that is not there is refused, and not passed over', () => {
  expect(foldersOf([import.meta.dirname])).toEqual([import.meta.dirname]);
  expect(foldersOf(undefined)).toEqual([]);
  for (const absent of ['no-such-folder', import.meta.filename]) {
    expect(() => foldersOf([absent])).toThrow(
      expect.objectContaining({
        code: 'LOCAL_FILE_NOT_FOUND',
        message: expect.stringContaining(absent.slice(-12)),
      }),
    );
  }
});
