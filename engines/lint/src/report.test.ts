import { expect, test } from 'vitest';
import { byteSize } from './byte-size.ts';
import type { Finding } from './finding.ts';
import { licenceFiles } from './licence-files.ts';
import { findingLines, printLintResults } from './report.ts';

const finding = (linter: Finding['linter'], message: string): Finding => ({
  linter,
  message,
  explain: 'do',
});

test('results are sorted by linter, those that warn first, and are safe to show in HTML', () => {
  const report = {
    packageName: 'a',
    warnings: [finding('strip', '<b> & \u2028'), finding('dev', 'one')],
    failures: [finding('dev', 'two')],
  };
  const text = printLintResults(report, '1-r0');
  expect(text).toContain('"\\u003cb\\u003e \\u0026 \\u2028"');
  expect(JSON.parse(text ?? '')).toEqual({
    package_name: 'a-1-r0',
    findings: {
      dev: [
        { message: 'one', explain: 'do' },
        { message: 'two', explain: 'do' },
      ],
      strip: [{ message: '<b> & \u2028', explain: 'do' }],
    },
  });
  expect(text?.indexOf('"dev"')).toBeLessThan(text?.indexOf('"strip"') ?? 0);
  expect(
    printLintResults({ packageName: 'a', warnings: [], failures: [] }, '1-r0'),
  ).toBeUndefined();
});

test('for people, every kind of detail has its line', () => {
  const files = [{ path: 'a', mode: '777', permissions: ['world-writable', 'executable'] }];
  expect(findingLines({ ...finding('worldwrite', 'm'), more: ['n'], details: { files } })).toEqual([
    '[worldwrite] m',
    '  n',
    '  → do',
    '    - a (mode: 777) [world-writable+executable]',
  ]);
});

test.each([
  [9, '9 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [9950, '10 kB'],
  [70_480, '70 kB'],
  [71_500, '72 kB'],
  [16_092_192, '16 MB'],
])('%d bytes are %s', (bytes, text) => {
  expect(byteSize(bytes)).toBe(text);
});

test('the licence of the project itself lies at the top or just below, the likeliest first', () => {
  const paths = [
    'src/COPYING',
    'node_modules/LICENSE',
    'rust-1.86.0-src/LICENSE',
    'vendor/LICENSE',
    'a/b/LICENSE',
    'melange-out/LICENSE',
    'LICENSE.go',
    'doc/LICENSE-MIT',
    'COPYING.txt',
    'LICENCE',
    'licenses',
  ];
  expect(licenceFiles(paths)).toEqual(['LICENCE', 'COPYING.txt', 'src/COPYING', 'doc/LICENSE-MIT']);
});
