import { compareVersions, isVersion, isVersionApko } from '@kiln/version';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apkVersion } from './apk-version.ts';

test.for([
  ['1:2.38-4+deb12u1', '2.38_p41201-r0'],
  ['1.1.1n-0', '1.1.1n_p00000-r0'],
  ['2.0~rc1-2', '2.0_rc1_p20000-r0'],
  ['3.0~beta.2+dfsg1', '3.0_beta2_p10000-r0'],
  ['1.3~git20240101', '1.3_pre20240101-r0'],
  ['20230311', '20230311-r0'],
  ['5.1.16+dfsg-1.1', '5.1.16_p10100-r0'],
  ['0.5.12-2', '0.5.12_p20000-r0'],
  ['2.12.1deb1', '2.12.1_p10000-r0'],
  ['1.11.1-2~deb12u1', '1.11.1_p21201-r0'],
  ['1.35.0-4+deb12u1+b1', '1.35.0_p41201-r0'],
  ['0~20190702+dfsg-4', '0_pre20190702_p40000-r0'],
  ['1.0-1+20240101.100', '1.0_p19999-r0'],
] as const)('%s becomes %s', ([debian, apk]) => {
  expect(apkVersion(debian)).toBe(apk);
});

test('what does not begin with a number has no version', () => {
  expect(() => apkVersion('g1-2')).toThrow(
    expect.objectContaining({ code: 'SEED_VERSION_INVALID' }),
  );
});

test('every Debian version that begins with a number becomes a valid version', () => {
  const debian = fc.tuple(
    fc.constantFrom('', '1:', '12:'),
    fc.nat(9999),
    fc.string({ unit: fc.constantFrom(...'0123456789abcxyzABC.+~-'.split('')), maxLength: 30 }),
  );
  fc.assert(
    fc.property(debian, fc.nat(2 ** 24), ([epoch, first, rest], revision) => {
      const version = apkVersion(`${epoch}${first}${rest}`, revision);
      expect(isVersion(version)).toBe(true);
      expect(isVersionApko(version)).toBe(true);
    }),
  );
});

test('updates of a release are newer', () => {
  const ordered = [
    '2.36-9~bpo1',
    '2.36-9',
    '2.36-9+deb12u1',
    '2.36-9+deb12u10',
    '2.36-10',
    '2.37-1',
  ];
  for (let i = 2; i < ordered.length; i++) {
    const [older = '', newer = ''] = ordered.slice(i - 1);
    expect(compareVersions(apkVersion(older), apkVersion(newer))).toBe(-1);
  }
});
