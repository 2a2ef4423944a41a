import { expect, test } from 'vitest';
import { isOwnHost } from './index.ts';

test.each(['localhost', 'localhost:5000', 'a.b.localhost', '127.0.0.1', '127.9.8.7:80', '[::1]:1'])(
  '%s is this machine',
  (host) => {
    expect(isOwnHost(host)).toBe(true);
  },
);

test.each([
  'localhost.example.org',
  'mylocalhost',
  '127.0.0.1.example.org',
  '128.0.0.1',
  '[::2]',
  '',
])('%s is another', (host) => {
  expect(isOwnHost(host)).toBe(false);
});
