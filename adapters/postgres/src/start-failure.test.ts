import { expect, test } from 'vitest';
import { isPassingConflict, startFailure } from './start-failure.ts';

test.each([
  [
    'initdb: error while loading shared libraries: libssl.so.1.1: cannot open',
    'POSTGRES_LIBRARY_MISSING',
  ],
  [
    'FATAL:  could not write lock file "postmaster.pid": No space left on device',
    'POSTGRES_DISK_FULL',
  ],
  ['bwrap: No permissions to create new namespace, likely because', 'POSTGRES_NAMESPACE_REFUSED'],
  ['bwrap: setting up uid map: Permission denied', 'POSTGRES_NAMESPACE_REFUSED'],
  ['bwrap: Creating new namespace failed: Operation not permitted', 'POSTGRES_NAMESPACE_REFUSED'],
  ['FATAL:  could not create any Unix-domain sockets', 'POSTGRES_SOCKET_UNUSABLE'],
  ['FATAL:  database files are incompatible with server', 'POSTGRES_DATA_INCOMPATIBLE'],
  ['something nobody foresaw', 'POSTGRES_START_FAILED'],
])('what the server wrote (%s) becomes %s with a hint', (output, code) => {
  const error = startFailure(output, 'POSTGRES_START_FAILED');
  expect(error.code).toBe(code);
  expect(error.hint).toBeTruthy();
});

test('a server on its way out is waited for', () => {
  expect(
    isPassingConflict('FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use'),
  ).toBe(true);
  expect(isPassingConflict('FATAL:  lock file "postmaster.pid" already exists')).toBe(true);
  expect(isPassingConflict('FATAL:  out of memory')).toBe(false);
});
