import { expect, test } from 'vitest';
import { withCopyright, type CopyrightEntry } from './copyright-edit.ts';

const recipe = (copyright: string, behind = '  description: x\n'): string =>
  `# head\npackage:\n  name: a # name\n  version: "1.0"\n${copyright}${behind}\npipeline:\n  - runs: |\n      copyright: no\n`;

const edit = (text: string, ...entries: readonly CopyrightEntry[]): string =>
  withCopyright(text, entries, { file: 'a.yaml', dialect: 'melange' });

const mit: CopyrightEntry = { license: 'MIT', licensePath: 'LICENSE' };

const wanted = '  copyright:\n    - license: MIT\n      license-path: LICENSE\n';

test.each([
  [
    'a list',
    '  copyright:\n    - license: Zlib # old\n      attestation: |\n        # so\n\n        it is\n',
  ],
  [
    'items as far left as the key',
    '  copyright:\n  - license: Zlib\n  - license: X\n    paths: ["*"]\n',
  ],
  ['a list in brackets', '  copyright: [{license: Zlib,\n     license-path: X}]\n'],
  ['an empty list', '  copyright: []\n'],
])('%s is replaced, and nothing beside it', (_, old) => {
  expect(edit(recipe(old), mit)).toBe(recipe(wanted));
  const last = '\n  # of the end\n';
  expect(edit(recipe(old, last), mit)).toBe(recipe(wanted, last));
});

test('entries may have no file, and are quoted where they have to be', () => {
  const made = edit(
    recipe('  copyright: []\n'),
    { license: 'MIT AND Zlib', licensePath: undefined },
    { license: 'ISC', licensePath: 'a: b' },
  );
  expect(made).toContain(
    "    - license: MIT AND Zlib\n    - license: ISC\n      license-path: 'a: b'\n",
  );
});

test.each([
  ['no copyright', recipe('')],
  ['a mapping in one line', 'package: {name: a, version: "1", copyright: [{license: X}]}\n'],
])('%s is refused', (_, text) => {
  expect(() => edit(text, mit)).toThrow(/copyright/);
});
