import { KilnError, digestOf } from '@kiln/base';
import { describe, expect, test } from 'vitest';
import { openNamed } from './open-named.ts';
import { fixturePackage } from './package-fixture.ts';

const apk = digestOf('a');
const named = { name: 'tool', version: '1-r0' };

describe('openNamed', () => {
  test('gives the package that is so named', async () => {
    const contents = fixturePackage('tool=1-r0', []);
    expect(await openNamed({ open: async () => contents }, named, apk)).toBe(contents);
  });

  test.each(['tool=2-r0', 'other=1-r0'])('refuses %s', async (found) => {
    const opener = { open: async () => fixturePackage(found, []) };
    await expect(openNamed(opener, named, apk)).rejects.toMatchObject({
      code: 'ASSEMBLE_PACKAGE_NAME',
      message: `package tool-1-r0: its file says that it is ${found.replace('=', '-')}`,
    });
  });

  test('an error keeps all but its words', async () => {
    const cause = new Error('disk');
    const thrown = new KilnError('APK_CACHE_BROKEN', 'no such file', {
      hint: 'try again',
      retry: 'later',
      details: { path: 'a' },
      cause,
    });
    await expect(
      openNamed({ open: () => Promise.reject(thrown) }, named, apk),
    ).rejects.toMatchObject({
      code: 'APK_CACHE_BROKEN',
      message: 'package tool-1-r0: no such file',
      hint: 'try again',
      retry: 'later',
      details: { path: 'a', package: 'tool-1-r0' },
      cause,
    });
  });

  test('what a programmer caused stays as it is', async () => {
    const thrown = new TypeError('x');
    await expect(openNamed({ open: () => Promise.reject(thrown) }, named, apk)).rejects.toBe(
      thrown,
    );
  });
});
