import { describe, expect, it } from 'vitest';
import { isVersion, parseVersion, splitNameVersion } from './version.ts';

describe('isVersion', () => {
  it.each([
    '1.2.3',
    '2.0b',
    '1.0_rc1',
    '10.5_p1',
    '0_git20240101',
    '1.1_alpha3_p2-r4',
    '1.2~1a2b3c-r0',
    '0',
  ])('accepts %s', (text) => {
    expect(isVersion(text)).toBe(true);
  });

  it.each([
    '',
    '.1',
    'a',
    '1.',
    '1.0bc',
    '1a1',
    '1a.1',
    '1-r',
    '1-1',
    '1_foo',
    '1_',
    '1__alpha',
    '1_1',
    '1.0-r1.2',
    '1.0-r1_p1',

    '1_pre~',
    'v1.0',
    '1.0A',
    '1.0~AB',
    '1.0_RC1',
    ' 1.0',
    '1.0 ',
    '1.0\n',
    '1..0',
    '1_prealpha',
    `1.${'1'.repeat(512)}`,
  ])('refuses %j', (text) => {
    expect(isVersion(text)).toBe(false);
  });
});

describe('parseVersion', () => {
  it('separates the revision', () => {
    expect(parseVersion('1.2_rc1-r10')).toEqual({
      text: '1.2_rc1-r10',
      upstream: '1.2_rc1',
      revision: '10',
    });
    expect(parseVersion('1.2')).toEqual({ text: '1.2', upstream: '1.2', revision: undefined });
  });

  it('throws VERSION_INVALID with a hint', () => {
    expect(() => parseVersion('v1')).toThrow(
      expect.objectContaining({ code: 'VERSION_INVALID', message: 'not an apk version: "v1"' }),
    );
  });
});

describe('splitNameVersion', () => {
  it.each([
    ['foo-1.0-r0', 'foo', '1.0-r0'],
    ['gtk-3-doc-3.0-r1', 'gtk-3-doc', '3.0-r1'],
    ['py3.12-x-2', 'py3.12-x', '2'],
    ['a-1-2-r3', 'a-1', '2-r3'],
  ])('cuts %s before the version', (text, name, version) => {
    expect(splitNameVersion(text)).toEqual({ name, version });
  });

  it.each(['foo', 'foo-bar', '-1.0', ''])('finds no version in "%s"', (text) => {
    expect(splitNameVersion(text)).toBeUndefined();
  });
});
