import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  architectureOf,
  canonicalArch,
  emptyImageConfig,
  lockImageConfig,
  lockedPackages,
  mergeImageConfig,
  parseImageConfig,
  printApkoJson,
  splitWords,
} from './index.ts';

const parse = (text: string, dialect?: 'kiln' | 'apko'): ReturnType<typeof parseImageConfig> =>
  parseImageConfig(text, 'image.yaml', dialect);

describe('parsing', () => {
  test('scalars keep their text where a text is wanted, null is empty', () => {
    const config = parse('{cmd: 5, work-dir: 1.10, environment: {N: 0755, T: true, NUL: null}}');
    expect(config.cmd).toBe('5');
    expect(config.workDir).toBe('1.10');
    expect(config.environment).toEqual({ N: '0755', T: 'true', NUL: '' });
  });

  test('comments above it, however many and long, cost a configuration nothing', () => {
    const lines = [...Array<string>(2000).fill('# of the team'), '#'.repeat(5000), 'contents: {}'];
    expect(parse(lines.join('\n'))).toEqual(emptyImageConfig);
  });

  test.each(['', ' \n\t\r\n', '# a\n\n  # b', '#'])('%j is no configuration', (text) => {
    expect(() => parse(text)).toThrow('the configuration is empty');
  });

  test('octal permissions are read in both spellings', () => {
    const config = parse(
      'paths: [{path: /a, type: directory, permissions: 0o755}, {path: /b, type: directory, permissions: 0755}]',
    );
    expect(config.paths.map(({ permissions }) => permissions)).toEqual([0o755, 0o755]);
  });

  test('a document without anything optional is the empty configuration', () => {
    expect(parse('contents: {}')).toEqual(emptyImageConfig);
  });

  test('repositories lose trailing slashes and architectures get canonical names', () => {
    const config = parse(
      '{contents: {repositories: ["./r//", "@edge https://h/e/"]}, archs: [x86_64, armv7]}',
    );
    expect(config.contents.repositories).toEqual(['./r', '@edge https://h/e']);
    expect(config.archs).toEqual(['amd64', 'arm/v7']);
  });

  test.each([
    ['an unknown key', 'contents:\n  pakages: [a]\n', 'YAML_UNKNOWN_KEY', 2, 3, 'packages'],
    ['a wrong type', 'paths: {a: b}\n', 'YAML_TYPE', 1, 8, undefined],
    [
      'a user with uid 0',
      'accounts:\n  users:\n    - {username: a, uid: 0}\n',
      'IMAGE_CONFIG_INVALID',
      3,
      7,
      'run-as: 0',
    ],
    [
      'a uid beyond 32 bits',
      'accounts: {users: [{username: a, uid: 4294967296}]}',
      'YAML_TYPE',
      1,
      39,
      undefined,
    ],
    ['an unknown layer format', 'format: zip', 'IMAGE_CONFIG_INVALID', 1, 9, 'tar'],
    ['EROFS', 'format: erofs', 'IMAGE_CONFIG_INVALID', 1, 9, 'tar'],
    ['a quote that does not end', "cmd: a 'b", 'IMAGE_CONFIG_WORDS', 1, 6, 'close'],
    [
      'an escape that does not end',
      'entrypoint:\n  command: a \\\n',
      'IMAGE_CONFIG_WORDS',
      2,
      12,
      'close',
    ],
    [
      'a path for the name of a service',
      'entrypoint: {type: service-bundle, services: {../x: /bin/x}}',
      'IMAGE_CONFIG_INVALID',
      1,
      53,
      'letters',
    ],
    [
      'an unknown type of path',
      'paths:\n  - {path: /a, type: file}\n',
      'IMAGE_CONFIG_INVALID',
      2,
      22,
      'empty-file',
    ],
    ['a path without a type', 'paths: [{path: /a}]', 'IMAGE_CONFIG_INVALID', 1, 9, 'directory'],
    [
      'a certificate that is none',
      'certificates: {additional: [{name: a, content: c}]}',
      'IMAGE_CONFIG_INVALID',
      1,
      48,
      'CERTIFICATE',
    ],
    [
      'a certificate that is damaged',
      'certificates: {additional: [{name: a, content: "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----"}]}',
      'IMAGE_CONFIG_INVALID',
      1,
      48,
      'CERTIFICATE',
    ],
    [
      'an unknown layering strategy',
      'layering: {strategy: size}',
      'IMAGE_CONFIG_INVALID',
      1,
      11,
      'origin',
    ],
    [
      'a negative layering budget',
      'layering: {strategy: origin, budget: -1}',
      'IMAGE_CONFIG_INVALID',
      1,
      11,
      '0',
    ],
    [
      'a layering budget beyond what runtimes take',
      'layering: {strategy: origin, budget: 127}',
      'IMAGE_CONFIG_INVALID',
      1,
      11,
      '126',
    ],
    ['an unknown architecture', 'archs: [pdp11]', 'IMAGE_CONFIG_INVALID', 1, 9, 'x86_64'],
    [
      'a certificate name with a slash',
      'certificates: {additional: [{name: a/b, content: c}]}',
      'IMAGE_CONFIG_INVALID',
      1,
      29,
      'match',
    ],
    [
      'credentials in a repository',
      'contents: {repositories: ["https://u:p@h/r"]}',
      'IMAGE_CONFIG_INVALID',
      1,
      27,
      'client',
    ],
    ['an empty document', '# nothing\n\n', 'IMAGE_CONFIG_INVALID', 1, 1, 'repositories'],
  ])('%s is refused at its place', (_name, text, code, line, column, hint) => {
    let caught: unknown;
    try {
      parse(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code, position: { file: 'image.yaml', line, column } });
    expect(String((caught as { hint?: string }).hint)).toContain(hint ?? '');
  });

  test('the secret in a refused repository is not repeated', () => {
    expect(() => parse('contents: {keyring: ["https://u:geheim@h/k.pub"]}')).toThrow(
      /^(?!.*geheim)/,
    );
  });

  test('what only Kiln refuses is accepted in dialect apko', () => {
    expect(
      parse('{archs: [pdp11], contents: {repositories: ["https://u:p@h/r"]}}', 'apko').archs,
    ).toEqual(['pdp11']);
  });
});

describe('merging', () => {
  test('single values of the target win, lists are joined, maps are united', () => {
    const included = parse(
      '{cmd: a, contents: {packages: [x]}, environment: {A: 1, B: 1}, vcs-url: u, entrypoint: {command: c}}',
    );
    const target = parse(
      '{cmd: b, contents: {packages: [y]}, environment: {B: 2}, entrypoint: {type: t}}',
    );
    const merged = mergeImageConfig(included, target);
    expect(merged.cmd).toBe('b');
    expect(merged.contents.packages).toEqual(['x', 'y']);
    expect(merged.environment).toEqual({ A: '1', B: '2' });
    expect(merged.entrypoint).toMatchObject({ type: 't', command: '' });
    expect(merged.vcsUrl).toBe('');
  });

  test('an entrypoint with an empty map of services is not that of an included one', () => {
    const included = parse('{contents: {}, entrypoint: {command: a}}');
    const command = (entrypoint: string): string =>
      mergeImageConfig(included, parse(`{contents: {}, entrypoint: ${entrypoint}}`)).entrypoint
        .command;
    expect(command('{services: {}}')).toBe('');
    expect(command('{services: ~}')).toBe('a');
    expect(command('{}')).toBe('a');
  });
});

describe('apko.json', () => {
  test('keys have their order, empty values are absent, the three objects are present', () => {
    const config = parse(
      '{annotations: {b: "<&>", a: x}, accounts: {users: [{username: u, uid: 5, gid: 0}]}, layering: {}, archs: [arm64], paths: [{path: /p, type: directory, uid: 0, permissions: 0o750}]}',
    );
    expect(printApkoJson(config)).toBe(
      '{"contents":{},"entrypoint":{},"accounts":{"users":[{"username":"u","uid":5,"gid":0}]},"archs":["arm64"],"paths":[{"path":"/p","type":"directory","uid":0,"permissions":488}],"annotations":{"a":"x","b":"\\u003c\\u0026\\u003e"},"layering":{}}',
    );
  });

  test('a locked configuration names versions, pins and one architecture', () => {
    const config = parse(
      '{contents: {packages: [b@edge, a~1], repositories: [r2, r1, r2]}, vcs-url: x@y, include: z}',
    );
    const packages = lockedPackages(config, [
      { name: 'b', version: '2-r0' },
      { name: 'a', version: '1-r0' },
      { name: 'a-b', version: '1-r0' },
    ]);
    expect(packages).toEqual(['a-b=1-r0', 'a=1-r0', 'b=2-r0@edge']);
    expect(printApkoJson(lockImageConfig(config, 'amd64', packages))).toBe(
      '{"contents":{"repositories":["r1","r2"],"packages":["a-b=1-r0","a=1-r0","b=2-r0@edge"]},"entrypoint":{},"accounts":{},"archs":["amd64"]}',
    );
  });
});

describe('words', () => {
  test.each([
    [
      `/usr/bin/x --n "two words" 'single $x' es\\ caped # comment`,
      ['/usr/bin/x', '--n', 'two words', 'single $x', 'es caped'],
    ],
    ['a"b"\'c\'d', ['abcd']],
    ['""', ['']],
    ['a#b', ['a#b']],
    ['"\\"\\x"', ['"x']],
    ['# all\n a', ['a']],
    ['', []],
  ])('%s is split as shlex splits it', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  test.each(["'a", '"a', 'a\\', '"\\'])('%s is refused', (text) => {
    expect(() => splitWords(text)).toThrow(expect.objectContaining({ code: 'IMAGE_CONFIG_WORDS' }));
  });

  test('quoted words come back unchanged', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const quoted = words.map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(' ');
        expect(splitWords(quoted)).toEqual(words);
      }),
    );
  });
});

test('architectures are found by both names', () => {
  expect(architectureOf('armv7')?.oci).toEqual({ architecture: 'arm', variant: 'v7' });
  expect(canonicalArch('aarch64')).toBe('arm64');
  expect(canonicalArch('other')).toBe('other');
});

describe("apko's reading", () => {
  test('lists lose nulls, maps lose keys that are null, numbers lose fractions', () => {
    const text =
      '{contents: {packages: [a, ~]}, archs: [~], environment: {~: x, B: ~}, layering: {budget: 2.9}}';
    const config = parse(text, 'apko');
    expect(config.contents.packages).toEqual(['a']);
    expect(config.archs).toEqual([]);
    expect(config.environment).toEqual({ B: '' });
    expect(config.layering?.budget).toBe(2);
    expect(() => parse(text)).toThrow('whole number');
  });

  test('a tag without a name says nothing', () => {
    const config = parse('{layering: {budget: ! 2}, environment: {A: ! "3"}, cmd: ! ~}', 'apko');
    expect(config.layering?.budget).toBe(2);
    expect(config.environment).toEqual({ A: '3' });
    expect(config.cmd).toBe('');
    expect(() => parse('layering: {budget: ! "2"}', 'apko')).toThrow('whole number');
  });

  test('what follows the first document is ignored', () => {
    expect(parse('cmd: a\n---\nnope: [', 'apko').cmd).toBe('a');
    expect(() => parse('cmd: a\n---\ncmd: b\n')).toThrow('more than one document');
  });

  test('the certificates of a file that is included are judged when it is merged', () => {
    const text = '{certificates: {additional: [{name: .hidden}]}}';
    expect(() => parse(text, 'apko')).toThrow('invalid name');
    expect(parseImageConfig(text, 'x.yaml', 'apko', 'included').certificates).toBeDefined();
  });
});
