import { expect, test } from 'vitest';
import { parseChallenge } from './challenge.ts';

test.each([
  ['Basic realm="x"', { kind: 'basic' }],
  [
    'Bearer realm="https://auth.example.org/token",service="r.example.org",scope="repository:a:pull"',
    {
      kind: 'bearer',
      realm: 'https://auth.example.org/token',
      service: 'r.example.org',
      scope: 'repository:a:pull',
    },
  ],
  [
    'bearer scope=s, realm="https://auth.example.org/token"',
    { kind: 'bearer', realm: 'https://auth.example.org/token', service: undefined, scope: 's' },
  ],
  ['Bearer realm="no address"', undefined],
  ['Bearer', undefined],
  ['Negotiate x', undefined],
  ['Negotiate , Basic realm="x"', { kind: 'basic' }],
  ['NTLM, Negotiate YII=, basic realm=x, charset="UTF-8"', { kind: 'basic' }],
  [
    'Digest realm="a, Basic b", qop="x", Bearer realm  = "https://auth.example.org/t?a=1,2", service = s, Basic',
    {
      kind: 'bearer',
      realm: 'https://auth.example.org/t?a=1,2',
      service: 's',
      scope: undefined,
    },
  ],
  ['Bearer realm="no address", Basic realm="x"', { kind: 'basic' }],
  ['', undefined],
])('a challenge is read: %s', (header, expected) => {
  expect(parseChallenge(header)).toEqual(expected);
});
