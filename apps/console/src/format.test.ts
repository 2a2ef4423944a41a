import { describe, expect, test } from 'vitest';
import {
  count,
  formatAge,
  formatBytes,
  formatDuration,
  formatEstimate,
  formatInstant,
  listNames,
  shortDigest,
  visible,
  withoutEscapes,
} from './format.ts';
import {
  historySearch,
  imagesSearch,
  keySearch,
  lineSearch,
  logUrl,
  packagesSearch,
  parseSearch,
  printSearch,
  sbomUrl,
  webUrl,
} from './urls.ts';

describe('what people read', () => {
  test.each([
    [-5, '0 ms'],
    [31.4, '31 ms'],
    [420, '0.4 s'],
    [949, '0.9 s'],
    [950, '1 s'],
    [59_400, '59 s'],
    [59_600, '1 min 00 s'],
    [185_000, '3 min 05 s'],
    [3_720_000, '1 h 02 min'],
  ])('%d ms is "%s"', (ms, text) => expect(formatDuration(ms)).toBe(text));

  test.each([
    [200, '1 s'],
    [8_400, '8 s'],
    [250_000, '4 min'],
    [4_200_000, '1 h 10 min'],
  ])('an estimate of %d ms is "%s"', (ms, text) => expect(formatEstimate(ms)).toBe(text));

  test.each([
    [-5, '0 s'],
    [59_600, '1 min'],
    [3_580_000, '1 h'],
    [47 * 3_600_000, '47 h'],
    [60 * 3_600_000, '3 days'],
  ])('an age of %d ms is "%s"', (ms, text) => expect(formatAge(ms)).toBe(text));

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [4_180_000, '4.18 MB'],
    [99_960, '100 kB'],
    [999_600, '1.00 MB'],
  ])('%d bytes are "%s"', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test('a digest is shortened, another text is left alone', () => {
    expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('sha256:abababababab');
    expect(shortDigest('unknown')).toBe('unknown');
  });

  test('an instant of another day has its date', () => {
    const noon = new Date(2026, 10, 21, 12, 0, 5).getTime();
    expect(formatInstant(noon, noon + 1000)).toBe('12:00:05');
    expect(formatInstant(noon, noon + 86_400_000)).toBe('2026-11-21 12:00:05');
  });

  test('counts have a plural', () => {
    expect([count(0, 'key'), count(1, 'key'), count(1200, 'key')]).toEqual([
      '0 keys',
      '1 key',
      '1,200 keys',
    ]);
  });

  test('terminal escapes disappear from logs and markup stays text', () => {
    expect(withoutEscapes('\u001b[1;31merror\u001b[0m\r\n<b>50%\r100%')).toBe(
      'error\n<b>50%\n100%',
    );
  });
});

describe('addresses', () => {
  test('a search goes through its text and back', () => {
    const search = { q: 'a&b=1.30 ü', state: 'failed', stage: undefined };
    expect(lineSearch(parseSearch(printSearch(search)))).toEqual({ ...search });
    expect(printSearch({})).toBe('');
  });

  test('values that no page knows are dropped', () => {
    expect(lineSearch({ state: 'sleeping', stage: 'x', q: '' })).toEqual({});
    expect(packagesSearch({ seed: 'yes' })).toEqual({});
    expect(keySearch({ attempt: 7 })).toEqual({});
    expect([historySearch({ before: '12' }), historySearch({ before: '0x1' })]).toEqual([
      { before: 12 },
      {},
    ]);
  });

  test('a name is kept whole, however long a repository may be called', () => {
    const after = 'a'.repeat(255);
    expect(imagesSearch(parseSearch(printSearch({ after })))).toEqual({ after });
  });

  test('keys are escaped in addresses of the API', () => {
    expect(logUrl('package:a/b@x86_64', 'one&two', true)).toBe(
      '/api/keys/package%3Aa%2Fb%40x86_64/log?attempt=one%26two&follow=true',
    );
  });

  test('only web addresses become links', () => {
    expect(webUrl('https://zlib.net/')).toBe('https://zlib.net/');
    expect(webUrl('javascript:alert(1)')).toBeUndefined();
    expect(webUrl('https://')).toBeUndefined();
  });
});

test.each([
  ['', ''],
  ['a', 'a'],
  ['a b', 'a and b'],
  ['a b c d e', 'a, b, c, d and e'],
  ['a b c d e f', 'a, b, c, d and 2 others'],
])('the names "%s" are listed as "%s"', (names, text) => {
  expect(listNames(names.split(' ').filter((name) => name !== ''))).toBe(text);
});

test('what is not seen in a text from elsewhere is shown', () => {
  expect(visible('a\u001b[2J \u202eb\n\u200b\ud800 é 界 😀')).toBe(
    'a\\u{1b}[2J \\u{202e}b\\u{a}\\u{200b}\\u{d800} é 界 😀',
  );
});

test('the bill of an image has an address whatever the image is called', () => {
  expect(sbomUrl('a/b?', 'sha256:ab', 'spdx')).toBe(
    '/api/images/a%2Fb%3F/sbom?format=spdx&digest=sha256:ab',
  );
});
