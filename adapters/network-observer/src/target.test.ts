import { expect, test } from 'vitest';
import { isAllowed, isPrivate, parseTarget, refusePrivate } from './target.ts';

test.for([
  '127.0.0.1',
  '127.255.0.1',
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '169.254.169.254',
  '172.31.255.255',
  '192.168.0.1',
  '198.19.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
  'fc00::1',
  'fe80::1',
  'ff02::1',
  '2002:7f00:1::',
])('%s is private', (address) => {
  expect(isPrivate(address)).toBe(true);
});

test.for(['8.8.8.8', '172.32.0.1', '100.128.0.1', '198.20.0.1', '223.255.255.255', '2606:4700::1'])(
  '%s is public',
  (address) => {
    expect(isPrivate(address)).toBe(false);
  },
);

test.for([
  ['another scheme', 'ftp://example.org/x', /neither http nor https/],
  ['a file', 'file:///etc/passwd', /neither http nor https/],
  ['no host', '/index.html', /not an address/],
  ['nothing', '', /not an address/],
  ['a long one', `http://example.org/${'x'.repeat(9000)}`, /not an address/],
  ['a password', 'https://ada:secret@example.org/', /an address on example.org has a user name/],
] as const)('%s is refused', ([, text, message]) => {
  expect(() => parseTarget(text)).toThrow(message);
  expect(() => parseTarget(text)).not.toThrow(/secret/);
});

test('an address is recorded in one form', () => {
  expect(parseTarget('HTTP://Example.org:80/a/../b?q#part').href).toBe('http://example.org/b?q');
});

test.for([
  'http://127.0.0.1/',
  'http://0x7f.1/',
  'http://2130706433/',
  'https://[::1]:8443/',
  'http://[::ffff:127.0.0.1]/',
])('%s is refused before anything is asked', (text) => {
  expect(() => refusePrivate(parseTarget(text))).toThrow(/address of this machine/);
});

test('a host is allowed by name, on one port or on all', () => {
  const url = parseTarget('http://mirror.internal:8080/x');
  expect(isAllowed(url, ['mirror.internal'])).toBe(true);
  expect(isAllowed(url, ['mirror.internal:8080'])).toBe(true);
  expect(isAllowed(url, ['mirror.internal:80', 'internal', 'x.mirror.internal'])).toBe(false);
  expect(isAllowed(parseTarget('https://[::1]/'), ['[::1]:443'])).toBe(true);
});
