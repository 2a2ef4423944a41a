import { emptyRecord } from '@kiln/apk';
import type { IndexRecord } from '@kiln/apk';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { prepareIndexes, solve, unsolvedText } from './index.ts';
import type { RepositoryIndex } from './index.ts';

type Fields = Partial<IndexRecord>;

function record(nameVersion: string, fields: Fields = {}): IndexRecord {
  const [name = '', version = '1-r0'] = nameVersion.split('=');
  return {
    ...emptyRecord,
    checksum: `Q1${nameVersion}`,
    name,
    version,
    arch: 'x86_64',
    sizeBytes: 1,
    installedSizeBytes: 1,
    origin: name,
    ...fields,
  };
}

const index = (...records: IndexRecord[]): RepositoryIndex[] => [
  { repository: 'r', tag: '', records },
];

function names(indexes: readonly RepositoryIndex[], ...world: string[]): string[] | string {
  const result = solve(indexes, world);
  return result.kind === 'solved'
    ? result.packages.map(({ record: r }) => `${r.name}=${r.version}`)
    : unsolvedText(result);
}

describe('choosing', () => {
  test('dependencies come before what needs them, cycles end', () => {
    const cyclic = index(
      record('a', { depends: ['b'] }),
      record('b', { depends: ['c'] }),
      record('c', { depends: ['a'] }),
    );
    expect(names(cyclic, 'a')).toEqual(['c=1-r0', 'b=1-r0', 'a=1-r0']);
  });

  test('the highest version that every constraint of the world allows is taken', () => {
    const versions = index(
      record('a=1-r0'),
      record('a=2-r0'),
      record('a=10-r0'),
      record('b', { depends: ['a'] }),
    );
    expect(names(versions, 'b')).toEqual(['a=10-r0', 'b=1-r0']);
    expect(names(versions, 'a<10', 'b')).toEqual(['a=2-r0', 'b=1-r0']);
    expect(names(versions, 'a==1-r0')).toEqual(['a=1-r0']);
  });

  test('dependencies of what was asked for by a tag may be tagged too, where nothing else has them', () => {
    const indexes: RepositoryIndex[] = [
      {
        repository: 'main',
        tag: '',
        records: [record('c=1-r0'), record('b', { depends: ['c', 'd'] })],
      },
      {
        repository: 'edge',
        tag: 'edge',
        records: [record('a', { depends: ['b'] }), record('c=2-r0'), record('d')],
      },
    ];
    const prepared = prepareIndexes(indexes, 'apko');
    const solution = solve(prepared, ['a@edge']);
    const chosen = solution.kind === 'solved' ? solution.packages : [];
    expect(chosen.map((one) => `${one.record.name}=${one.record.version} ${one.tag}`)).toEqual([
      'd=1-r0 edge',
      'c=1-r0 ',
      'b=1-r0 ',
      'a=1-r0 edge',
    ]);
    expect(solve(prepared, ['b']).kind).toBe('unsolved');
  });

  test('provider priority decides between providers of a virtual name', () => {
    const virtual = index(
      record('a', { provides: ['virt'], providerPriority: 1 }),
      record('b', { provides: ['virt'], providerPriority: 5 }),
    );
    expect(names(virtual, 'virt')).toEqual(['b=1-r0']);
  });

  test('a tagged repository is used only for what asks for the tag', () => {
    const tagged = [
      ...index(record('a=1-r0')),
      { repository: 's', tag: 'edge', records: [record('a=2-r0'), record('only=1-r0')] },
    ];
    expect(names(tagged, 'a')).toEqual(['a=1-r0']);
    expect(names(tagged, 'a@edge')).toEqual(['a=2-r0']);
    expect(names(tagged, 'only')).toContain('solving "only" constraint: not in indexes');
  });

  test('a dependency from a tagged repository must be asked for by its tag too', () => {
    const tagged = [
      ...index(record('a=1-r0')),
      {
        repository: 's',
        tag: 'edge',
        records: [record('a=2-r0', { depends: ['only'] }), record('only')],
      },
    ];
    expect(names(tagged, 'a@edge')).toContain('does not ask for only@edge');
    expect(names(tagged, 'a@edge', 'only@edge')).toEqual(['only=1-r0', 'a=2-r0']);
  });

  test('an install_if package comes with its dependencies when all its terms are there', () => {
    const conditional = index(
      record('a'),
      record('docs'),
      record('a-doc', { installIf: ['docs', 'a=1-r0'], depends: ['man'] }),
      record('man'),
      record('other', { installIf: ['docs', 'absent'] }),
    );
    expect(names(conditional, 'a', 'docs')).toEqual([
      'a=1-r0',
      'docs=1-r0',
      'man=1-r0',
      'a-doc=1-r0',
    ]);
    expect(names(conditional, 'a')).toEqual(['a=1-r0']);
  });

  test('an install_if package that cannot be installed is left out', () => {
    const conditional = index(
      record('a'),
      record('a-doc', { installIf: ['a'], depends: ['absent'] }),
    );
    expect(names(conditional, 'a')).toEqual(['a=1-r0']);
  });

  test('an install_if package that does not go with the rest is left out, whatever comes first', () => {
    const extra = record('extra', { installIf: ['a'], depends: ['!b', 'y<2'] });
    const rest = [
      record('a'),
      record('b'),
      record('with-a', { depends: ['a'] }),
      record('y=1-r0'),
      record('y=2-r0'),
      record('z', { depends: ['y>=2'] }),
      record('without', { depends: ['!extra'] }),
    ];
    const here = index(extra, ...rest);
    expect(names(here, 'a', 'b')).toEqual(['a=1-r0', 'b=1-r0']);
    expect(names(here, 'with-a', 'b')).toEqual(['a=1-r0', 'with-a=1-r0', 'b=1-r0']);
    expect(names(here, 'with-a', 'z')).toEqual(['a=1-r0', 'with-a=1-r0', 'y=2-r0', 'z=1-r0']);
    expect(names(here, 'with-a', 'without')).toEqual(['a=1-r0', 'with-a=1-r0', 'without=1-r0']);
    expect(names(here, 'a')).toEqual(['a=1-r0', 'y=1-r0', 'extra=1-r0']);
  });

  test('of several install_if packages of one name the best is added, and none by a tag', () => {
    const docs = (version: string): IndexRecord => record(`docs=${version}`, { installIf: ['a'] });
    const here = index(record('a'), docs('1-r0'), docs('2-r0'));
    const tagged = { repository: 's', tag: 'edge', records: [docs('1-r0'), docs('3-r0')] };
    expect(names([tagged, ...here], 'a')).toEqual(['a=1-r0', 'docs=2-r0']);
  });

  test('what a sibling architecture lacks is not chosen', () => {
    const here = index(record('a=1-r0'), record('a=2-r0'));
    const siblings = [{ arch: 'aarch64', prepared: prepareIndexes(index(record('a=1-r0'))) }];
    const result = solve(here, ['a'], { siblings });
    expect(result).toMatchObject({ kind: 'solved', packages: [{ record: { version: '1-r0' } }] });
  });
});

describe('refusing', () => {
  test('the chain names every dependant and what is missing', () => {
    const broken = index(
      record('a', { depends: ['b'] }),
      record('b', { depends: ['so:libz.so.1'] }),
    );
    const result = solve(broken, ['a']);
    expect(result).toEqual({
      kind: 'unsolved',
      chain: [
        'solving "a" constraint:',
        'resolving "a-1-r0.apk" deps:',
        'solving "b" constraint:',
        'resolving "b-1-r0.apk" deps:',
        'solving "so:libz.so.1" constraint:',
        'nothing provides "so:libz.so.1"',
      ],
      missing: ['so:libz.so.1'],
      reason: 'absent',
    });
  });

  test.each([['b><1'], ['b<>1'], ['!b><1'], ['b<=>1']])(
    'a comparison that does not exist is not any version: %s',
    (text) => {
      const here = index(record('a', { depends: [text] }), record('b'), record('c'));
      const said = `"${text.replace('!', '')}" compares versions in a way that is not known`;
      expect(names(here, 'c', text)).toContain(said);
      expect(names(here, 'a')).toContain(`resolving "a-1-r0.apk" deps:\n${said}`);
      expect(names(here, 'c')).toEqual(['c=1-r0']);
      expect(solve(prepareIndexes(here, 'apko'), ['c', text.replace('!', '')]).kind).toBe('solved');
    },
  );

  test('a tag that no repository has is not taken for none', () => {
    const here = index(record('a'));
    expect(names(here, 'a@edge')).toBe('no repository has the tag of "a@edge"');
    expect(solve(prepareIndexes(here, 'apko'), ['a@edge']).kind).toBe('solved');
    expect(names([...here, { repository: 'e', tag: 'edge', records: [] }], 'a@edge')).toEqual([
      'a=1-r0',
    ]);
  });

  test('a conflict names the package that declares it', () => {
    const here = index(record('a=1-r0', { depends: ['!b'] }), record('b'));
    expect(names(here, 'a', 'b')).toBe(
      'solving "b" constraint:   b-1-r0.apk disqualified because excluded by !b of a-1-r0',
    );
    expect(names(here, 'b', '!b')).toBe(
      'solving "b" constraint:   b-1-r0.apk disqualified because excluded by !b',
    );
    const apko = solve(prepareIndexes(here, 'apko'), ['a', 'b']);
    expect(apko.kind === 'unsolved' ? unsolvedText(apko) : '').toMatch(/excluded by !b$/);
  });

  test.each([
    [['none'], 'absent'],
    [['needs'], 'absent'],
    [['a=9'], 'version'],
    [['old'], 'version'],
    [['a', '!a'], 'conflict'],
    [['refuses', 'a'], 'conflict'],
    [['a', 'refuses'], 'conflict'],
    [['tagged'], 'tag'],
    [['a@other'], 'tag'],
    [['a><1'], 'operator'],
  ])('%j has the reason %s', (world, reason) => {
    const indexes: RepositoryIndex[] = [
      ...index(
        record('a'),
        record('needs', { depends: ['none'] }),
        record('old', { depends: ['a<1'] }),
        record('refuses', { depends: ['!a'] }),
      ),
      { repository: 'e', tag: 'edge', records: [record('tagged')] },
    ];
    expect(solve(indexes, world)).toMatchObject({ kind: 'unsolved', reason });
  });

  test('a name excluded by the world is not installed', () => {
    const two = index(
      record('a', { provides: ['virt'] }),
      record('b', { provides: ['virt'], providerPriority: 9 }),
    );
    expect(names(two, 'virt', '!b')).toEqual(['a=1-r0']);
    expect(names(index(record('a', { depends: ['b'] }), record('b')), 'a', '!b')).toContain(
      'excluded by !b',
    );
  });

  test.each([
    ['first', ['a', 'b']],
    ['second', ['b', 'a']],
  ])('a conflict is refused when the package that declares it comes %s', (_order, world) => {
    const conflicting = index(record('a', { depends: ['!b'] }), record('b'));
    expect(names(conflicting, ...world)).toMatch(/excluded by !b|excludes "b"/);
  });

  test('two packages may not hold one versioned name', () => {
    const exclusive = index(
      record('a', { provides: ['virt=1'] }),
      record('b', { provides: ['virt=1'] }),
    );
    expect(names(exclusive, 'a', 'b')).toContain('already provides virt');
  });

  test('a version that is none is never satisfied', () => {
    expect(names(index(record('a=1-r0')), 'a=x.y')).toContain('does not satisfy "a=x.y"');
  });

  test('a chain of dependencies of any depth ends with an answer', () => {
    const deep = Array.from({ length: 3000 }, (_, i) =>
      record(`p${i}`, { depends: [`p${i + 1}`] }),
    );
    const result = solve(index(...deep), ['p0']);
    expect(result.kind).toBe('unsolved');
    expect(result.kind === 'unsolved' && result.chain.at(-1)).toContain('nest deeper');
  });

  test('names of object members are ordinary names', () => {
    expect(
      names(index(record('constructor'), record('__proto__')), '__proto__', 'constructor'),
    ).toEqual(['__proto__=1-r0', 'constructor=1-r0']);
  });
});

describe('determinism', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const provide = fc
    .tuple(fc.constantFrom('v', 'w', 'x'), fc.constantFrom('', '=1', '=2', '=3'))
    .map((p) => p.join(''));
  const anyRecord = fc
    .record({
      name,
      version: fc.constantFrom('1-r0', '1-r1', '2-r0', '10-r0', 'bad'),
      provides: fc.array(provide, { maxLength: 2 }),
      depends: fc.array(fc.oneof(name, provide, fc.constant('!e')), { maxLength: 2 }),
      providerPriority: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    })
    .map((r) => record(`${r.name}=${r.version}`, r));
  const anyIndex = fc.uniqueArray(anyRecord, {
    selector: (r) => `${r.name}=${r.version}`,
    maxLength: 14,
  });

  test('the order of records within an index does not matter', () => {
    fc.assert(
      fc.property(
        anyIndex.chain((records) =>
          fc.tuple(
            fc.constant(records),
            fc.shuffledSubarray(records, { minLength: records.length }),
          ),
        ),
        fc.array(fc.oneof(name, provide), { minLength: 1, maxLength: 3 }),
        ([records, shuffled], world) => {
          const kind = (list: IndexRecord[]): unknown => {
            const result = solve(index(...list), world);
            return result.kind === 'solved' ? names(index(...list), ...world) : 'unsolved';
          };
          expect(kind(shuffled)).toEqual(kind(records));
        },
      ),
    );
  });

  test('a solution meets every dependency and breaks no conflict', () => {
    fc.assert(
      fc.property(anyIndex, fc.array(name, { minLength: 1, maxLength: 3 }), (records, world) => {
        const result = solve(index(...records), world);
        if (result.kind === 'unsolved') return;
        const chosen = new Set(result.packages.map(({ record: r }) => r.name));
        const provided = new Set(
          result.packages.flatMap(({ record: r }) => [
            r.name,
            ...r.provides.map((p) => p.split('=')[0]),
          ]),
        );
        const broken = result.packages.flatMap(({ record: r }) =>
          r.depends.filter((text) =>
            text.startsWith('!')
              ? r.name !== 'e' && chosen.has('e')
              : !provided.has(text.split('=')[0]),
          ),
        );
        expect(broken).toEqual([]);
      }),
    );
  });
});
