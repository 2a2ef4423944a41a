import { describe, expect, test } from 'vitest';
import { applyBump, digestChanges, planBump, type BumpPlan, type BumpRequest } from './index.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';
const found = { sha256: '2'.repeat(64), sha512: '5'.repeat(128) };

function plan(text: string, request: Partial<BumpRequest> = {}): BumpPlan {
  return planBump(text, {
    file: 'r.yaml',
    dialect: 'kiln',
    version: '2.0.1',
    arch: 'x86_64',
    ...request,
  });
}

/** The text with all of the plan, the digests of a made-up file included. */
function bump(text: string, request: Partial<BumpRequest> = {}): string {
  const { changes, fetches } = plan(text, request);
  return applyBump(text, [...changes, ...fetches.flatMap((one) => digestChanges(one, found))]);
}

const zlib = `# zlib, with care
package:
  name: zlib   # the name
  version:   "1.3.1"
  epoch: 4
  description: 'a library'

vars: {prefix: "v"}

var-transforms:
  - from: \${{package.version}}
    match: ^(\\d+)\\.(\\d+)\\.(\\d+)$
    replace: \${1}_$2
    to: short

pipeline:
    - uses: fetch   # odd indentation stays
      with:
          uri: https://example.org/zlib-\${{package.version}}/\${{vars.short}}-\${{build.arch}}.tar.gz
          expected-sha256: 'aaaa' # single
          expected-sha512: bbbb
    - name: nested
      pipeline:
        - {uses: fetch, with: {uri: "https://example.org/x", expected-sha256: "cccc"}}
    - uses: git-checkout
      with:
        repository: https://example.org/zlib.git
        tag: \${{vars.prefix}}\${{package.version}}
        expected-commit: dddd
    - runs: |
        # version: "1.3.1" is no key
        make
`;

describe('a bump', () => {
  test('sets version, epoch, digests and commit, and keeps everything else', () => {
    expect(bump(zlib, { expectedCommit: commit })).toBe(
      zlib
        .replace('"1.3.1"\n', '"2.0.1"\n')
        .replace('epoch: 4', 'epoch: 0')
        .replace("'aaaa'", `'${found.sha256}'`)
        .replace('bbbb', found.sha512)
        .replace('"cccc"', `"${found.sha256}"`)
        .replace('dddd', commit),
    );
  });

  test('says what is fetched, with the variables of the new version', () => {
    const { fetches, version, epoch } = plan(zlib);
    expect({ version, epoch }).toEqual({ version: '2.0.1', epoch: 0 });
    expect(
      fetches.map(({ uri, digests }) => [uri, digests.map(({ algorithm }) => algorithm)]),
    ).toEqual([
      ['https://example.org/zlib-2.0.1/2_0-x86_64.tar.gz', ['sha256', 'sha512']],
      ['https://example.org/x', ['sha256']],
    ]);
  });

  test('raises the epoch where the version stays', () => {
    const { changes, epoch } = plan(zlib, { version: ' 1.3.1\n' });
    expect(epoch).toBe(5);
    expect(changes.map(({ what, from, to, position }) => [what, from, to, position.line])).toEqual([
      ['package.epoch', '4', '5', 5],
    ]);
  });

  test('says that a commit stays where none is given', () => {
    const { changes, remarks } = plan(zlib);
    expect(changes.map(({ what }) => what)).toEqual(['package.version', 'package.epoch']);
    expect(remarks.map(({ what, reason }) => [what, reason])).toEqual([
      ['expected-commit', 'stays: no commit is given'],
    ]);
  });

  test('leaves an epoch of 0, or none, as it is', () => {
    const text = 'package: {name: a, version: 1.0, epoch: 0}';
    expect(bump(text)).toBe('package: {name: a, version: 2.0.1, epoch: 0}');
    expect(bump('package: {name: a, version: 1.0}')).toBe('package: {name: a, version: 2.0.1}');
  });

  test('quotes a version that other readers of YAML would take for a number', () => {
    expect(bump('package: {name: a, version: 1.0.0}', { version: '1.10' })).toBe(
      'package: {name: a, version: "1.10"}',
    );
  });

  test('keeps line ends, a byte order mark and what no parser sees', () => {
    const text = '\uFEFFpackage:\r\n  name: a\r\n  version: 1.0.0\r\n  epoch: 3 \t\r\n\r\n# end';
    expect(bump(text)).toBe(text.replace('1.0.0', '2.0.1').replace('3', '0'));
  });
});

describe('commits', () => {
  const checkouts = (...tags: readonly string[]): string =>
    [
      'package: {name: a, version: "1.0", epoch: 0}',
      'vars: {other: "x"}',
      'var-transforms:',
      "  - {from: '${{package.version}}', match: '\\.', replace: _, to: mangled}",
      "  - {from: 'v${{vars.mangled}}', match: '_', replace: '-', to: deep}",
      "  - {from: '${{vars.other}}', match: '_', replace: '-', to: loose}",
      'pipeline:',
      ...tags.map(
        (tag, index) => `  - uses: git-checkout\n    with: {${tag}expected-commit: old${index}}`,
      ),
    ].join('\n');
  const updated = (...tags: readonly string[]): readonly boolean[] => {
    const text = bump(checkouts(...tags), { expectedCommit: commit });
    return tags.map((_, index) => !text.includes(`old${index}}`));
  };

  test('of the only checkout are set whatever its tag', () => {
    expect(updated('tag: v1, ')).toEqual([true]);
    expect(updated('branch: main, ')).toEqual([true]);
  });

  test('of several are set where the tag follows from the version, or there is none', () => {
    expect(
      updated(
        'tag: "${{package.version}}", ',
        'tag: "v${{ package.version }}", ',
        'tag: "r${{vars.mangled}}", ',
        'tag: "${{vars.deep}}", ',
        'branch: main, ',
        'tag: v1.0, ',
        'tag: "${{vars.other}}", ',
        'tag: "${{vars.loose}}", ',
        'tag: "${{package.name}}", ',
      ),
    ).toEqual([true, true, true, true, true, false, false, false, false]);
  });

  test('that are variables stay', () => {
    const text =
      'package: {name: a, version: "1.0"}\nvars: {c: x}\npipeline: [{uses: git-checkout, with: {expected-commit: "${{vars.c}}"}}]';
    const { changes, remarks } = plan(text, { expectedCommit: commit });
    expect(changes.map(({ what }) => what)).toEqual(['package.version']);
    expect(remarks.map(({ what, reason }) => [what, reason])).toEqual([
      ['expected-commit', 'stays: it is made of variables'],
    ]);
  });
});

describe('subpackages', () => {
  const text = `package: {name: a, version: "1.0"}
data: [{name: d, items: {x: y}}]
subpackages:
  - name: b
    pipeline: [{uses: fetch, with: {uri: "https://h/\${{package.version}}", expected-sha256: aa}}]
  - name: \${{range.key}}
    range: d
    pipeline: [{uses: fetch, with: {uri: "https://h/\${{range.value}}", expected-sha256: bb}}]
`;

  test('are looked at by Kiln, but for addresses that differ between the items of a range', () => {
    const { fetches, remarks } = plan(text);
    expect(fetches.map(({ uri }) => uri)).toEqual(['https://h/2.0.1']);
    expect(remarks.map(({ reason }) => reason)).toEqual([
      'stays: its address differs between the items of a range',
    ]);
  });

  test('are not looked at by melange', () => {
    expect(plan(text, { dialect: 'melange' }).fetches).toEqual([]);
  });
});

describe('is refused:', () => {
  const minimal = 'package: {name: a, version: "1.0", epoch: 0}';
  test.each([
    ['an empty version', minimal, { version: ' ' }, 'RECIPE_BUMP_INVALID'],
    ['a version with a blank', minimal, { version: '1 2' }, 'RECIPE_BUMP_INVALID'],
    ['a version over two lines', minimal, { version: '1\n2' }, 'RECIPE_BUMP_INVALID'],
    ['a version that is a variable', minimal, { version: '${{vars.x}}' }, 'RECIPE_BUMP_INVALID'],
    ['a commit that is none', minimal, { expectedCommit: 'HEAD' }, 'RECIPE_BUMP_INVALID'],
    [
      'a recipe whose version is a variable',
      'package: {name: a, version: "${{vars.v}}"}\nvars: {v: "1"}',
      {},
      'RECIPE_BUMP_INVALID',
    ],
    [
      'the same version without an epoch',
      'package: {name: a, version: 2.0.1}',
      {},
      'RECIPE_BUMP_INVALID',
    ],
    ['a version that is an alias', 'package: {name: &n a, version: *n}', {}, 'YAML_NOT_EDITABLE'],
    [
      'a version as a block',
      'package:\n  name: a\n  version: |-\n    1.0\n',
      {},
      'YAML_NOT_EDITABLE',
    ],
    [
      'an address with an unknown variable',
      `${minimal}\npipeline: [{uses: fetch, with: {uri: "https://h/\${{vars.no}}", expected-sha256: a}}]`,
      {},
      'RECIPE_VARIABLE_UNKNOWN',
    ],
    [
      'a fetch without an address',
      `${minimal}\npipeline: [{uses: fetch, with: {expected-sha256: a}}]`,
      {},
      'RECIPE_BUMP_INVALID',
    ],
    ['what is no recipe', 'package: [', {}, 'YAML_INVALID'],
    ['an unknown key', 'package: {name: a, version: "1", epok: 1}', {}, 'YAML_UNKNOWN_KEY'],
  ])('%s', (_name, text, request, code) => {
    expect(() => bump(text, request)).toThrow(expect.objectContaining({ code }));
  });

  test.each(['ftp://h/x', 'file:///etc/passwd', '/etc/passwd', 'https://u:geheim@h/x'])(
    'the address %s',
    (uri) => {
      const text = `${minimal}\npipeline: [{uses: fetch, with: {uri: "${uri}", expected-sha256: a}}]`;
      expect(() => bump(text)).toThrow(expect.objectContaining({ code: 'RECIPE_BUMP_INVALID' }));
    },
  );

  test('credentials, without repeating them', () => {
    const text = `${minimal}\npipeline: [{uses: fetch, with: {uri: "https://u:geheim@h/x", expected-sha256: a}}]`;
    expect(() => bump(text)).toThrow(/^(?!.*geheim).*credentials in an address at h$/);
  });

  test('a digest that comes by an alias, because others use it', () => {
    const text = `${minimal}\nvars: {s: &s aa}\npipeline: [{uses: fetch, with: {uri: "https://h/", expected-sha256: *s}}]`;
    expect(() => bump(text)).toThrow(expect.objectContaining({ code: 'YAML_NOT_EDITABLE' }));
  });
});

test('null is no digest, and an empty version cannot be bumped', () => {
  const text = (version: string): string => `package:
  name: a
  version: ${version}
pipeline:
  - uses: fetch
    with:
      uri: https://example.com/a
      expected-sha256: ~
`;
  expect(plan(text('1'), { dialect: 'melange' }).fetches).toEqual([]);
  expect(() => plan(text('~'))).toThrow('the version is empty');
});

test.each(['package.description', 'package.full-version'])(
  'an address cannot name %s in the dialect melange',
  (name) => {
    const text = `package: {name: a, version: 1, description: d}
pipeline:
  - uses: fetch
    with: {uri: 'https://example.com/\${{${name}}}', expected-sha256: ${'2'.repeat(64)}}
`;
    expect(plan(text).fetches).toHaveLength(1);
    expect(() => plan(text, { dialect: 'melange' })).toThrow(`"${name}"`);
  },
);
