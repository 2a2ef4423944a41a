import { expect, test } from 'vitest';
import { parseAddress, submoduleAddress } from './address.ts';

const rules = { localDirectories: [import.meta.dirname] };

test.each([
  ['https://example.org/a/b.git', 'https'],
  ['http://example.org:8080/a', 'http:https'],
  [`file://${import.meta.dirname}/index.ts`, 'file'],
])('%s is reached by %s alone', (url, protocols) => {
  expect(parseAddress(url, rules)).toMatchObject({ url, protocols });
});

test.each([
  'ssh://git@example.org/a',
  'git@example.org:a/b.git',
  'git://example.org/a',
  'ext::sh -c id',
  'ext::sh%20-c%20id',
  'fd::17',
  'ftp://example.org/a',
  '--upload-pack=id',
  'https://',
  'https://example.org/a b',
  'https://example.org/a\nb',
  `https://example.org/${'a'.repeat(2048)}`,
  'file:///etc',
  `file://${import.meta.dirname}/../../package.json`,
  `file://${import.meta.dirname}/%69ndex.ts`,
  `file://${import.meta.dirname}/none`,
  'file://host/share',
  '',
])('%s is refused', (url) => {
  expect(() => parseAddress(url, rules)).toThrow(
    expect.objectContaining({ code: 'SOURCE_ADDRESS_REFUSED' }),
  );
});

test('nothing local is read unless a directory is named', () => {
  const url = `file://${import.meta.dirname}`;
  expect(() => parseAddress(url, { localDirectories: [] })).toThrow(/not an address/);
  expect(parseAddress(url, { localDirectories: ['/'] }).local).toBe(true);
});

test('credentials are for git alone', () => {
  const url = 'https://ada:se@cret@example.org/a';
  expect(parseAddress(url, rules).shown).toBe('https://example.org/a');
  expect(() => parseAddress('ssh://ada:secret@example.org/a', rules)).toThrow(
    /ssh:\/\/example.org/,
  );
});

test.each([
  ['https://h/a/b.git', '../c.git', 'https://h/a/c.git'],
  ['https://h/a/b/', '../../c', 'https://h/c'],
  ['https://h/a/b', './c/', 'https://h/a/b/c'],
  ['file:///srv/a', '../b', 'file:///srv/b'],
  ['https://h/a', 'https://other/x', 'https://other/x'],
  ['https://h/a', '/etc', '/etc'],
])('in %s, %s is %s', (repository, written, expected) => {
  expect(submoduleAddress(repository, written)).toBe(expected);
});
