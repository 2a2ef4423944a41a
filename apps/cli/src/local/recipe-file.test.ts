import { expect, test } from 'vitest';
import { exitCodeOf } from '../report.ts';
import { readBytes } from './recipe-file.ts';

function refusalOf(file: string): unknown {
  try {
    return readBytes(file);
  } catch (error) {
    return error;
  }
}

test('a file that is not there is not found, and a folder is called one', () => {
  const absent = refusalOf('no-such-recipe.yaml');
  expect(absent).toMatchObject({
    code: 'LOCAL_FILE_NOT_FOUND',
    message: 'there is no file "no-such-recipe.yaml"',
  });
  expect(exitCodeOf(absent)).toBe(4);
  expect(refusalOf(import.meta.dirname)).toMatchObject({
    code: 'LOCAL_FILE_UNREADABLE',
    message: expect.stringMatching(/" is a folder$/),
    hint: 'name a file in it',
  });
});
