import { expect, test } from 'vitest';
import {
  baseNameOf,
  parseNameAsApko,
  parsePushedNameAsApko,
  parseTagAsApko,
} from './image-name.ts';

test.each([
  ['ab', 'index.docker.io', 'library/ab', 'latest'],
  ['docker.io/ab:1', 'index.docker.io', 'library/ab', '1'],
  ['host:5000/a/b', 'host:5000', 'a/b', 'latest'],
  ['host:5000/a..b:-x', 'host:5000', 'a..b', '-x'],
  ['[::1]:5000/ab:x', '[::1]:5000', 'ab', 'x'],
  ['localhost/-a', 'localhost', '-a', 'latest'],
  ['team/app:1', 'index.docker.io', 'team/app', '1'],
])('%s is a tag', (text, registry, repository, tag) => {
  expect(parseTagAsApko(text)).toEqual({ registry, repository, tag, digest: undefined });
});

test.each([
  '',
  'x',
  'AB',
  'ab:',
  'ab@sha256:00',
  'a b',
  'host:5000/x',
  'ab:a+b',
  'h st.example/ab',
  '[::1/ab',
])('%j is none', (text) => {
  expect(parseTagAsApko(text)).toBeUndefined();
});

test('a name may have a digest, where a tag may not', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  expect(parseNameAsApko(`host:5000/ab@${digest}`)).toMatchObject({ repository: 'ab', digest });
  expect(parseTagAsApko(`host:5000/ab@${digest}`)).toBeUndefined();
  expect(() => parseNameAsApko('host:5000/x')).toThrow('not the name of an image');
});

test.each(['host:5000/a/ab', 'host:5000/a/ab/', 'ab'])('%s is called ab in its SBOM', (text) => {
  expect(baseNameOf(parseNameAsApko(text))).toBe('ab');
});

test.each(['host:5000/a/../b:1', 'host:5000/./ab', 'host:5000/ab/..'])(
  '%s is no name to push to: an address would be of another repository',
  (text) => {
    expect(parseNameAsApko(text)).toBeDefined();
    expect(() => parsePushedNameAsApko(text)).toThrow('no repository to push to');
    expect(parsePushedNameAsApko('host:5000/a..b/.c:1')).toMatchObject({ repository: 'a..b/.c' });
  },
);
