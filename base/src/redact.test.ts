import { expect, test } from 'vitest';
import { withoutUserInfo } from './redact.ts';

test.for([
  ['https://ada:secret@host.example/os', 'https://host.example/os'],
  ['@edge http://token@host.example:81/a', '@edge http://host.example:81/a'],
  ['https://ada:p@ss@host.example', 'https://host.example'],
  [
    'from https://a:b@one.example to HTTPS://c:d@two.example/',
    'from https://one.example to HTTPS://two.example/',
  ],
])('%s loses its user information', ([text = '', expected]) => {
  expect(withoutUserInfo(text)).toBe(expected);
});

test.for(['https://host.example/@tag/x', './packages', '/a//b@c', '@edge ./local', 'name@edge'])(
  '%s has none and stays',
  (text) => {
    expect(withoutUserInfo(text)).toBe(text);
  },
);

test('a long text without an address is no more work than reading it', () => {
  const text = 'y'.repeat(4_000_000);
  expect(withoutUserInfo(text)).toBe(text);
});
