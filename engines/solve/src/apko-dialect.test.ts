import { emptyRecord } from '@kiln/apk';
import type { IndexRecord } from '@kiln/apk';
import { describe, expect, test } from 'vitest';
import { prepareIndexes, solve } from './index.ts';
import type { RepositoryIndex } from './index.ts';

function record(nameVersion: string, fields: Partial<IndexRecord> = {}): IndexRecord {
  const [name = '', version = '1-r0'] = nameVersion.split('=');
  return { ...emptyRecord, checksum: `Q1${nameVersion}`, name, version, origin: name, ...fields };
}

const index = (...records: IndexRecord[]): RepositoryIndex[] => [
  { repository: 'r', tag: '', records },
];

function answer(indexes: readonly RepositoryIndex[], ...world: string[]): string {
  const result = solve(prepareIndexes(indexes, 'apko'), world);
  if (result.kind === 'unsolved') return `refused: ${result.chain.at(-1)}`;
  return result.packages.map(({ record: { name, version } }) => `${name}=${version}`).join(' ');
}

describe("what apko's solver does", () => {
  test('an entry of several words is several entries, and one of none is none', () => {
    const here = index(record('a'), record('b'));
    expect(answer(here, '', 'a b')).toBe('a=1-r0 b=1-r0');
    expect(answer(here, 'a\u0085b')).toBe('a=1-r0 b=1-r0');
    expect(answer(here, '\ufeffa')).toBe('refused: nothing provides "\ufeffa"');
  });

  test('a package with dependencies that provides its own name, or a name at two versions, is refused', () => {
    const leaf = record('leaf');
    const own = record('a', { depends: ['leaf'], provides: ['a=2'] });
    expect(answer(index(own, leaf), 'a')).toContain('conflicts with a-1-r0.apk on "a"');
    const twice = record('a', { depends: ['leaf'], provides: ['v=1', 'v=2'] });
    expect(answer(index(twice, leaf), 'a')).toContain('conflicts with a-1-r0.apk on "v"');
    expect(answer(index(record('a', { provides: ['a=2'] })), 'a')).toBe('a=1-r0');
  });

  test('a version that cannot be read is refused where it is to be compared, and loses where it is had', () => {
    const here = index(record('a'), record('b', { depends: ['a>=x.y'] }));
    expect(answer(here, 'a=x.y')).toContain('cannot be read');
    expect(answer(here, 'b')).toContain('cannot be read');
    expect(answer(here, 'a><x.y')).toBe('a=1-r0');
    expect(answer(index(record('a=1.2~abc-r0'), record('a=1.1-r0')), 'a')).toBe('a=1.1-r0');
    expect(answer(index(record('a=1.2_rc1_p1_p2-r0')), 'a>1')).toContain('does not satisfy');
    expect(answer(index(record('a=9223372036854775808-r0')), 'a>1')).toContain('does not satisfy');
  });

  test('one of a version that cannot be read meets nothing by what it provides', () => {
    const here = index(record('a=1~abc', { provides: ['v=2'] }));
    expect(answer(here, 'v')).toBe('a=1~abc');
    expect(answer(here, 'v=2')).toBe('refused: not in indexes');
  });

  test('an exclusion leaves tagged packages alone and takes provides of any name', () => {
    const tagged: RepositoryIndex = { repository: 'e', tag: 'edge', records: [record('b=2-r0')] };
    const here = index(record('a', { depends: ['!b'] }), record('b=1-r0'));
    expect(answer([...here, tagged], 'b@edge', 'a')).toBe('b=2-r0 a=1-r0');
    const other = index(
      record('a', { depends: ['!b<1', 'b'] }),
      record('b=2-r0', { provides: ['v=0.5'] }),
    );
    expect(answer(other, 'a')).toContain('excluded by !b<1');
  });

  test('of an origin only the version that was chosen last is preferred', () => {
    const here = index(
      record('one=1-r0', { origin: 'o', depends: ['x', 'v'] }),
      record('x', { depends: ['two'] }),
      record('two=2-r0', { origin: 'o' }),
      record('old=1-r0', { origin: 'o', provides: ['v'] }),
      record('new=3-r0', { origin: 'n', provides: ['v'] }),
    );
    expect(answer(here, 'one')).toContain('new=3-r0');
  });

  test('what install_if adds counts for what comes after it, and an operator means nothing', () => {
    const here = index(
      record('a', { depends: ['b'] }),
      record('b'),
      record('extra', { installIf: ['b'] }),
      record('more', { installIf: ['b', 'extra>=1-r0'] }),
    );
    expect(answer(here, 'a')).toBe('b=1-r0 extra=1-r0 more=1-r0 a=1-r0');
    const chain = index(
      record('a', { depends: ['b'] }),
      record('b'),
      record('last', { installIf: ['next'] }),
      record('next', { installIf: ['b'] }),
    );
    expect(answer(chain, 'a')).toBe('b=1-r0 next=1-r0 last=1-r0 a=1-r0');
  });
});
