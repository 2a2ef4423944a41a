import { describe, expect, test } from 'vitest';
import { addToSeed, parseSeed, parseSeedAddition } from './definition.ts';

const seed = parseSeed(
  `
architecture: x86_64
roots: [gcc, make]
drop: [usr/share/doc]
so-provides: [libc6]
packages:
  gcc: { links: { usr/bin/cc: gcc } }
aliases:
  build-base: { description: A compiler, depends: [gcc, make] }
base: { name: base, directories: {}, links: {}, files: {} }
`,
  'seed.yaml',
);

describe('an addition to the seed', () => {
  test('brings roots, changes and aliases; the rest stays as it is', () => {
    const addition = parseSeedAddition(
      `
adds: seed
roots: [make, golang-go]
packages:
  golang-src: { drop: [usr/share/go/test], files: { etc/go: text } }
aliases:
  go: { description: Go, depends: [golang-go] }
`,
      'more.yaml',
    );
    expect(addToSeed(seed, [addition])).toEqual({
      ...seed,
      roots: ['gcc', 'golang-go', 'make'],
      packages: {
        ...seed.packages,
        'golang-src': {
          links: {},
          files: { 'etc/go': 'text' },
          drop: ['usr/share/go/test'],
          dropDepends: [],
        },
      },
      aliases: { ...seed.aliases, go: { description: 'Go', depends: ['golang-go'] } },
    });
  });

  test('that says nothing changes nothing', () => {
    expect(addToSeed(seed, [parseSeedAddition('adds: seed\n', 'more.yaml')])).toEqual(seed);
    expect(addToSeed(seed, [])).toBe(seed);
  });

  test.each([
    ['a package', 'packages: { gcc: { drop: [usr/bin/gcc] } }', 'the package "gcc"'],
    ['an alias', 'aliases: { build-base: { description: x, depends: [] } }', 'the alias'],
    ['the base', 'aliases: { base: { description: x, depends: [] } }', 'the alias "base"'],
  ])('cannot describe %s again', (_, text, message) => {
    const addition = parseSeedAddition(`adds: seed\n${text}\n`, 'more.yaml');
    expect(() => addToSeed(seed, [addition])).toThrow(
      expect.objectContaining({
        code: 'SEED_INVALID',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  test('is not described twice by two of them either', () => {
    const one = parseSeedAddition('adds: seed\npackages: { tcl: {} }\n', 'one.yaml');
    expect(() => addToSeed(seed, [one, one])).toThrow(/the package "tcl" is in two definitions/);
  });

  test.each([
    ['without the word that says so', 'roots: [tcl]\n', 'YAML_TYPE'],
    ['to something else', 'adds: world\n', 'YAML_TYPE'],
    ['of another architecture', 'adds: seed\narchitecture: aarch64\n', 'YAML_UNKNOWN_KEY'],
    ['of a path that leads out', 'adds: seed\npackages: { a: { drop: [../x] } }\n', 'YAML_TYPE'],
    [
      'of a file that is outside',
      'adds: seed\npackages: { a: { files: { /x: y } } }\n',
      'YAML_TYPE',
    ],
  ])('%s is refused', (_, text, code) => {
    expect(() => parseSeedAddition(text, 'more.yaml')).toThrow(expect.objectContaining({ code }));
  });
});
