import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSourcesFile, parseSourcesList } from './archive-source.ts';
import { indexedPackage, sourcePackage } from './package-stanza.ts';
import { parseRelations } from './relations.ts';
import type { Stanza } from './stanza.ts';
import { parseStanzas, readStanzas } from './stanza.ts';

const sha = 'a'.repeat(64);
const one = (text: string): Stanza => parseStanzas(text)[0] ?? new Map();

describe('stanzas', () => {
  test('fields, continuations and comments are read, names in any case', () => {
    expect(parseStanzas('# c\nA: 1\nLong: first\n second\n .\n\n\n \nB:2\n')).toEqual([
      new Map([
        ['a', '1'],
        ['long', 'first\nsecond\n.'],
      ]),
      new Map([['b', '2']]),
    ]);
  });

  test.for([' lost', 'no colon', 'A: 1\na: 2', ': x', 'A B: 1'])('%j is refused', (text) => {
    expect(() => parseStanzas(text)).toThrow(expect.objectContaining({ code: 'DEB822_INVALID' }));
  });

  test('an endless stanza is refused', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.from('A: '.padEnd(1000, 'x'));
    }
    const read = async (): Promise<void> => {
      for await (const _ of readStanzas(endless(), { stanzaChars: 10_000, stanzas: 10 }));
    };
    await expect(read()).rejects.toMatchObject({ code: 'DEB822_TOO_LARGE' });
  });

  test('a stream gives the same stanzas however it is cut', async () => {
    const text = 'A: ä1\n x\n\nB: 2\n\n\nC: 3\n';
    const bytes = Buffer.from(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
        const ends = [...cuts, bytes.length].sort((a, b) => a - b);
        async function* parts(): AsyncGenerator<Uint8Array> {
          let start = 0;
          for (const end of ends) {
            yield bytes.subarray(start, end);
            start = end;
          }
        }
        const read: Stanza[] = [];
        for await (const stanza of readStanzas(parts())) read.push(stanza);
        expect(read).toEqual(parseStanzas(text));
      }),
    );
  });
});

test('relations are read with alternatives and versions, qualifiers dropped', () => {
  expect(
    parseRelations('libc6 (>= 2.36), python3:any | python3-minimal (<< 3.12~) [amd64] <!x>'),
  ).toEqual([
    [{ name: 'libc6', constraint: { operator: '>=', version: '2.36' } }],
    [
      { name: 'python3', constraint: undefined },
      { name: 'python3-minimal', constraint: { operator: '<<', version: '3.12~' } },
    ],
  ]);
  expect(() => parseRelations('A b')).toThrow(expect.objectContaining({ code: 'DEB822_INVALID' }));
});

test('a package of an index is read with its file', () => {
  const stanza = one(
    `Package: gcc\nSource: gcc-defaults (1.2)\nVersion: 4:12.2.0-3\nArchitecture: amd64\nEssential: yes\nPre-Depends: a\nDepends: b, c | d\nProvides: c-compiler\nDescription: The compiler\n more\nSHA256: ${sha}\nSize: 12\n`,
  );
  expect(indexedPackage(stanza)).toMatchObject({
    name: 'gcc',
    version: '4:12.2.0-3',
    source: 'gcc-defaults',
    essential: true,
    summary: 'The compiler',
    sizeBytes: 12,
  });
  expect(indexedPackage(stanza).depends.map((r) => r.map((p) => p.name))).toEqual([
    ['a'],
    ['b'],
    ['c', 'd'],
  ]);
});

test('a source package is read with its files, and a file name that leaves the directory is refused', () => {
  const text = (name: string): string =>
    `Package: zlib\nVersion: 1:1.3-1\nChecksums-Sha256:\n ${sha} 7 ${name}\n`;
  expect(sourcePackage(one(text('zlib_1.3.orig.tar.gz'))).files).toEqual([
    { name: 'zlib_1.3.orig.tar.gz', sha256: sha, sizeBytes: 7 },
  ]);
  for (const name of ['../x', '/x', '.x', 'a/b']) {
    expect(() => sourcePackage(one(text(name)))).toThrow(
      expect.objectContaining({ code: 'DEB822_INVALID' }),
    );
  }
});

test("archives are read from both forms of apt's configuration", () => {
  const expected = {
    uris: ['http://archive.test/debian'],
    suites: ['bookworm'],
    components: ['main', 'contrib'],
    signedBy: '/k.gpg',
  };
  expect(
    parseSourcesFile(
      'Types: deb deb-src\nURIs: http://archive.test/debian\nSuites: bookworm\nComponents: main contrib\nSigned-By: /k.gpg\n\nEnabled: no\nTypes: deb\n',
    ),
  ).toEqual([{ types: ['deb', 'deb-src'], ...expected }]);
  expect(
    parseSourcesList(
      '# x\ndeb [arch=amd64 signed-by=/k.gpg] http://archive.test/debian bookworm main contrib # y\nnonsense\n',
    ),
  ).toEqual([{ types: ['deb'], ...expected }]);
});
