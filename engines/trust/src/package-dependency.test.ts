import { digestOf } from '@kiln/base';
import { apkPurl } from '@kiln/spdx';
import { expect, test } from 'vitest';
import { packageDependency } from './package-dependency.ts';

test('a dependency is named as bills of materials name the package', () => {
  const one = { name: 'libstdc++', version: '12.2.0_git1-r0', arch: 'x86_64' };
  const { uri = '' } = packageDependency(one, { apk: digestOf('a'), namespace: 'kiln' });
  expect(uri).toBe('pkg:apk/kiln/libstdc%2B%2B@12.2.0_git1-r0?arch=x86_64');
  expect(apkPurl({ ...one, namespace: 'kiln' })).toBe(`${uri}&distro=kiln`);
});
