import { expect, test } from 'vitest';
import { withPlace } from './with-place.ts';

const full = { syscall: 'write', code: 'ENOSPC' };

test.each([full, { ...full, path: undefined }])('what %j says is of the folder', (said) => {
  const error = Object.assign(new Error('no space left on device'), said);
  expect(withPlace(error, '/cache')).toBe(error);
  expect(error).toMatchObject({ ...full, path: '/cache' });
});

test('what names a file, and what no call threw, stays as it is', () => {
  const named = Object.assign(new Error('no such file'), { syscall: 'open', path: '/a' });
  expect(withPlace(named, '/b')).toMatchObject({ path: '/a' });
  expect(withPlace(new Error('no'), '/b')).not.toHaveProperty('path');
});
