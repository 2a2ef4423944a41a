import { closeSync, openSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { atFile } from './file-errors.ts';

function openingOf(file: string, flags: string): unknown {
  try {
    return closeSync(openSync(file, flags));
  } catch (error) {
    return error;
  }
}

test('a file that is not there, and a folder for a new one', () => {
  expect(atFile('no/x.apk', openingOf('no/x.apk', 'r'))).toMatchObject({
    code: 'APK_FILE_NOT_FOUND',
    message: 'no/x.apk: no such file',
  });
  expect(atFile('no/x.apk', openingOf('no/x.apk.1a2b.tmp', 'wx'))).toMatchObject({
    code: 'APK_FILE_NOT_FOUND',
    message: 'no/x.apk: there is no folder no',
    hint: 'make it first, or name another one',
  });
});

test('what else the system says is said without the name that a new file has meanwhile', () => {
  const error = openingOf('/dev/null/x.apk.1a2b.tmp', 'wx');
  expect(atFile('/dev/null/x.apk', error)).toMatchObject({
    code: 'APK_FILE_FAILED',
    message: '/dev/null/x.apk: not a directory',
  });
});

test('a full disk is worth trying again', () => {
  let error: unknown;
  try {
    writeFileSync('/dev/full', 'x');
  } catch (thrown) {
    error = thrown;
  }
  expect(atFile('x.apk', error)).toMatchObject({
    message: 'x.apk: no space left on device',
    hint: 'make room on that disk',
    retry: 'later',
  });
});

test.each([
  ['EACCES', 'check who may read and write there'],
  ['EROFS', 'what is there cannot be changed: name another place'],
])('%s says what to do', (code, hint) => {
  const error = Object.assign(new Error(code), { code });
  expect(atFile('x.apk', error)).toMatchObject({ hint, retry: 'never' });
});
