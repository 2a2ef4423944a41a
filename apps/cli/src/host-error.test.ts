import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { KilnError } from '@kiln/base';
import { expect, test } from 'vitest';
import { hostErrorOf } from './host-error.ts';
import { describeError, exitCodeOf } from './report.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

test('what the system refuses is said with its place and without a stack', () => {
  const error = thrownBy(() => fs.mkdirSync('/dev/null/layers', { recursive: true }));
  expect(describeError(error)).toBe(
    'error[HOST_CALL_FAILED]: mkdir "/dev/null/layers": not a directory\n' +
      'hint: a file is where a folder has to be: name another place\n',
  );
  expect(exitCodeOf(error)).toBe(1);
});

test('a program that is not there is named', () => {
  const { error } = spawnSync('no-such-program-of-kiln');
  expect(hostErrorOf(error)).toMatchObject({
    code: 'HOST_CALL_FAILED',
    message: 'cannot run no-such-program-of-kiln: no such file or directory',
    hint: 'is it installed, and in PATH?',
  });
});

test('a number without its sign, which Node tells of trees, is one of the system as well', () => {
  const refused = { code: 'EACCES', syscall: 'rm', errno: 13, path: '/etc/tree' };
  expect(hostErrorOf(Object.assign(new Error('refused'), refused))?.message).toBe(
    'rm "/etc/tree": permission denied',
  );
});

test('a full disk is worth trying again', () => {
  const full = thrownBy(() => fs.writeFileSync('/dev/full', 'x'));
  expect(describeError(full)).toBe(
    'error[HOST_CALL_FAILED]: write: no space left on device\nhint: make room on that disk\n',
  );
  expect(exitCodeOf(full)).toBe(75);
});

test('a folder that cannot be made is not looked for', () => {
  const error = thrownBy(() => fs.mkdirSync('/proc/none/layers'));
  expect(hostErrorOf(error)).toMatchObject({ hint: 'check that folders can be made there' });
});

test('mistakes of Kiln keep their stack, and its own errors are what they are', () => {
  expect(hostErrorOf(new Error('assertion failed'))).toBeUndefined();
  expect(hostErrorOf(new KilnError('USAGE', 'x'))).toBeUndefined();
  expect(describeError(new Error('assertion failed'))).toContain('host-error.test.ts');
});
