import type { Copyright } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { licenceReport } from './licence-report.ts';
import { licenceSigns } from './licence-texts.ts';

const textOf = (id: string): string =>
  (licenceSigns.find((one) => one.id === id)?.phrases ?? []).join('\n');

const entry = (license: string, licensePath = '', detectionOverride = ''): Copyright => ({
  license,
  paths: [],
  attestation: '',
  licensePath,
  detectionOverride,
});

const texts = [
  { path: 'LICENSE', text: textOf('Apache-2.0') },
  { path: 'COPYING', text: textOf('GPL-2.0') },
  { path: 'sub/COPYRIGHT', text: 'All rights reserved' },
];

const found = [
  'info   LICENSE: Apache-2.0 (1.000000) (notice)',
  'info   COPYING: GPL-2.0 (1.000000) (restricted)',
  'info   sub/COPYRIGHT: NOASSERTION (0.000000 low-confidence) (unknown)',
];
const compared = 'info checking gathered license information against the configuration';
const unsure = [
  'warn following license files could not be confidently assessed:',
  'warn   sub/COPYRIGHT: NOASSERTION (0.000000) (unknown)',
  'warn could not identify some licenses, please check the configuration',
  'info license information check complete',
];
const gpl = [
  'warn   COPYING: GPL-2.0 != GPL-2.0-or-later',
  'warn   NOTE! COPYING: GPL-2.0 might be a restrictive license, please proceed with caution',
];
const check = 'warn detected license differences, please check the configuration';

const lines = (copyright: readonly Copyright[] | undefined): readonly string[] =>
  licenceReport(texts, copyright, textOf).lines.map(({ level, text }) => `${level} ${text}`);

// Each is what melange printed for the same texts and entries, without its time stamps.
test('without a recipe the report says what the texts are', () => {
  expect(lines(undefined)).toEqual([...found, ...unsure]);
});

test('what no entry has, and what the entry of the file calls otherwise, are differences', () => {
  expect(lines([entry('MIT'), entry('GPL-2.0-or-later', 'COPYING')])).toEqual([
    ...found,
    compared,
    'warn detected license differences:',
    'warn   LICENSE: Apache-2.0 not found',
    ...gpl,
    check,
    ...unsure,
  ]);
});

test('an override that the text is not taken for any more is told', () => {
  const entries = [
    entry('MIT', 'LICENSE', 'Apache-1.0'),
    entry('FOO'),
    entry('GPL-2.0-or-later', 'COPYING'),
  ];
  expect(lines(entries)).toEqual([
    ...found,
    compared,
    'warn detected license differences:',
    'warn   LICENSE: requested override from Apache-1.0 to MIT, but now detecting as Apache-2.0',
    ...gpl,
    check,
    ...unsure,
  ]);
});

test('entries that agree, or override what is detected, are no differences', () => {
  const agreed = [...found, compared, 'warn no license differences detected', ...unsure];
  expect(lines([entry('Apache-2.0'), entry('GPL-2.0', 'COPYING')])).toEqual(agreed);
  expect(lines([entry('X', 'LICENSE', 'Apache-2.0'), entry('MIT OR GPL-2.0')])).toEqual(agreed);
});

test('where there are no texts, nothing is compared', () => {
  expect(licenceReport([], [entry('MIT')], textOf)).toEqual({
    lines: [{ level: 'info', text: 'no license files detected' }],
    detected: [],
    differs: false,
  });
});

test('a changed copy is what nearly all of its words are of, and says how much of it', () => {
  const words = ['permission', ...Array.from({ length: 48 }, (_, at) => `word${at}`), 'end'];
  const changed = textOf('MIT').replace('granted free of charge', 'granted without charge');
  const report = (text: string): readonly string[] =>
    licenceReport([{ path: 'LICENSE', text }], undefined, (id) =>
      id === 'MIT' ? `${textOf('MIT')}\n${words.join(' ')}` : undefined,
    ).lines.map((line) => line.text.trim());
  expect(report(`${changed}\n${words.join(' ')}`)[0]).toMatch(
    /^LICENSE: MIT \(0\.979592\) \(notice\)$/,
  );
  expect(report(`${changed}\n${words.slice(0, 25).join(' ')}`)[0]).toBe(
    'LICENSE: NOASSERTION (0.000000 low-confidence) (unknown)',
  );
});
