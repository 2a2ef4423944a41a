import { expect, test } from 'vitest';
import { sonameImpact } from './sonames.ts';
import { recipe, record } from './testing.ts';

const before = [
  record('libssl3', '3.0-r0', { origin: 'openssl', provides: ['so:libssl.so.3=3.0'] }),
  record('curl', '8-r0', { origin: 'curl', depends: ['so:libssl.so.3'] }),
  record('libcurl', '8-r0', { origin: 'curl', depends: ['so:libssl.so.3>=3.0', 'so:libc.so.6'] }),
  record('nginx', '1-r4', { origin: 'nginx', depends: ['so:libssl.so.3', 'musl'] }),
  record('nginx', '0.9-r0', { origin: 'nginx', depends: ['so:libssl.so.3', 'so:libold.so.1'] }),
  record('old', '1-r0', { origin: 'old', depends: ['so:libssl.so.1.1'] }),
  record('gone', '1-r0', { origin: 'gone', depends: ['so:libssl.so.3'] }),
];
const recipes = [
  recipe('curl', { version: '8-r0', epoch: 0 }),
  recipe('nginx', { version: '1.1-r0', epoch: 0 }),
  recipe('openssl', { version: '4.0-r0', epoch: 0 }),
];

test('who depends on a library that goes away needs a new epoch', () => {
  const built = [
    record('libssl4', '4.0-r0', { origin: 'openssl', provides: ['so:libssl.so.4=4.0'] }),
    record('libssl3', '4.0-r0', { origin: 'openssl' }),
  ];
  const lost = [{ atom: 'so:libssl.so.3', formerly: 'libssl3' }];
  expect(sonameImpact({ before, built, recipes })).toEqual([
    {
      recipe: 'curl',
      file: 'curl.yaml',
      epoch: 1,
      packages: [
        { name: 'curl', version: '8-r0', lost },
        {
          name: 'libcurl',
          version: '8-r0',
          lost: [{ atom: 'so:libssl.so.3>=3.0', formerly: 'libssl3' }],
        },
      ],
    },
    {
      recipe: 'gone',
      file: undefined,
      epoch: undefined,
      packages: [{ name: 'gone', version: '1-r0', lost }],
    },
    {
      recipe: 'nginx',
      file: 'nginx.yaml',
      epoch: undefined,
      packages: [{ name: 'nginx', version: '1-r4', lost }],
    },
  ]);
});

test('a library that moved, stays or is given by another package breaks nobody', () => {
  const moved = [
    record('libssl3', '3.1-r0'),
    record('openssl-libs', '3.1-r0', { provides: ['so:libssl.so.3=3.1'] }),
  ];
  expect(sonameImpact({ before, built: moved, recipes })).toEqual([]);
  const stays = [record('libssl3', '3.1-r0', { provides: ['so:libssl.so.3=3.1'] })];
  expect(sonameImpact({ before, built: stays, recipes })).toEqual([]);
});

test('a library that became too old for some breaks those', () => {
  const built = [record('libssl3', '3.1-r0', { provides: ['so:libssl.so.3=2.9'] })];
  expect(sonameImpact({ before, built, recipes }).flatMap(({ packages }) => packages)).toEqual([
    {
      name: 'libcurl',
      version: '8-r0',
      lost: [{ atom: 'so:libssl.so.3>=3.0', formerly: 'libssl3' }],
    },
  ]);
});

test('who was built along against the new library is not broken', () => {
  const built = [
    record('libssl3', '4.0-r0', { provides: ['so:libssl.so.4=4'] }),
    record('curl', '8-r1', { origin: 'curl', depends: ['so:libssl.so.4'] }),
    record('libcurl', '8-r1', { origin: 'curl', depends: ['so:libssl.so.4'] }),
  ];
  expect(sonameImpact({ before, built, recipes }).map((one) => one.recipe)).toEqual([
    'gone',
    'nginx',
  ]);
});
