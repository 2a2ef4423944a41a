import { emptyRecord, type IndexRecord } from '@kiln/apk';
import { expect, test } from 'vitest';
import { solve, unsolvedText } from './index.ts';

function record(
  name: string,
  depends: readonly string[],
  more: Partial<IndexRecord> = {},
): IndexRecord {
  const fixed = { checksum: `Q1${name}`, name, version: '1-r0', arch: 'x86_64', depends };
  return { ...emptyRecord, ...fixed, ...more };
}

function refusal(records: readonly IndexRecord[], world: string): string {
  const result = solve([{ repository: 'r', tag: '', records }], [world]);
  return result.kind === 'solved' ? 'solved' : unsolvedText(result);
}

const chain = (length: number): readonly IndexRecord[] =>
  Array.from({ length }, (_, at) => record(`p${at}`, at < length - 1 ? [`p${at + 1}`] : []));

test('a long chain of dependencies is followed, and one without bounds refused', () => {
  expect(refusal(chain(400), 'p0')).toBe('solved');
  expect(refusal(chain(20_000), 'p0')).toMatch(/dependencies nest deeper than 500$/);
});

test('packages with more dependencies than can be looked at are refused', () => {
  const names = Array.from({ length: 20_000 }, (_, at) => `p${at}`);
  const records = [record('all', names), ...names.map((name) => record(name, []))];
  expect(refusal(records, 'all')).toMatch(/packages have too many dependencies or providers$/);
});

test('more packages that install_if adds than can be looked at are refused', () => {
  const extras = Array.from({ length: 20_000 }, (_, at) =>
    record(`p${at}`, [], { installIf: ['all'] }),
  );
  expect(refusal([record('all', []), ...extras], 'all')).toBe(
    'packages have too many dependencies or providers',
  );
});

const names = (prefix: string): readonly string[] =>
  Array.from({ length: 400 }, (_, at) => `${prefix}${at}`);

test.each([
  {
    what: 'one name that many provide, asked for at many versions',
    records: [
      record('all', names('v>0.')),
      ...names('p').map((name) => record(name, [], { provides: ['v', ...names('w').slice(300)] })),
    ],
  },
  {
    what: 'a package that shares many names with many others',
    records: [
      record('all', ['v0']),
      ...names('p').map((name) => record(name, [], { provides: names('v') })),
    ],
  },
  {
    what: 'long install_if lists that none meets',
    records: [
      record('all', names('q')),
      ...names('q').map((name) => record(name, [])),
      ...names('p').map((name) => record(name, [], { installIf: [...names('q'), 'none'] })),
    ],
  },
])('refused is $what', ({ records }) => {
  expect(refusal(records, 'all')).toMatch(/packages have too many dependencies or providers$/);
});
