import type { Copyright } from '@kiln/recipe';
import { describe, expect, test } from 'vitest';
import { checkLicences, licencePaths } from './licence-check.ts';
import { classifyLicence } from './licence-classify.ts';
import { licenceSigns } from './licence-texts.ts';

/** A text that has the phrases of a licence, as it may stand at the head of a source. */
function textOf(id: string): string {
  const signs = licenceSigns.find((one) => one.id === id);
  if (signs === undefined) throw new Error(`no licence "${id}"`);
  return signs.phrases
    .map((phrase) => ` * ${phrase.toUpperCase().replaceAll(' ', '\r\n *\t')}, “and so on”.`)
    .join('\n');
}

test.each(licenceSigns.map(({ id }) => id))(
  'a text with the phrases of %s is taken for it',
  (id) => {
    const found = classifyLicence(textOf(id));
    expect(found.kind === 'known' ? found.ids : []).toContain(id);
  },
);

test('identifiers are sorted, and phrases are words in lower case', () => {
  const ids = licenceSigns.map(({ id }) => id);
  expect([...ids].sort()).toEqual(ids);
  const phrases = licenceSigns.flatMap((one) => [...one.phrases, ...(one.unless ?? [])]);
  expect(phrases.filter((phrase) => !/^[a-z0-9]+(?: [a-z0-9]+)*$/.test(phrase))).toEqual([]);
});

test('what lacks a phrase is not sure, what only mentions a licence is nothing', () => {
  const cut = textOf('Zlib').replace(/SOURCE\r\n \*\tDISTRIBUTION/, '');
  expect(classifyLicence(cut)).toEqual({ kind: 'unsure', nearest: 'Zlib' });
  expect(classifyLicence('This file is under the MIT licence, see LICENSE.')).toEqual({
    kind: 'unsure',
    nearest: undefined,
  });
  expect(classifyLicence('')).toEqual({ kind: 'unsure', nearest: undefined });
});

test('a text may hold several licences, and a longer one is not the shorter one in it', () => {
  expect(classifyLicence(`${textOf('MIT')}\n${textOf('Apache-2.0')}`)).toEqual({
    kind: 'known',
    ids: ['Apache-2.0', 'MIT'],
  });
  for (const id of ['BSD-3-Clause', 'BSD-4-Clause', 'OpenSSL', 'X11', 'curl'])
    expect(classifyLicence(textOf(id))).toEqual({ kind: 'known', ids: [id] });
});

const entry = (license: string, facts: Partial<Copyright> = {}): Copyright => ({
  license,
  paths: [],
  attestation: '',
  licensePath: '',
  detectionOverride: '',
  ...facts,
});

const differences = (
  found: string,
  ...copyright: readonly Copyright[]
): readonly (readonly [string, string | undefined])[] =>
  checkLicences([{ path: 'COPYING', text: textOf(found) }], copyright).map((one) => [
    one.kind,
    one.found,
  ]);

describe('a text', () => {
  test.each([
    ['MIT', 'MIT'],
    ['MIT', '(Apache-2.0 OR MIT) AND ISC'],
    ['GPL-2.0', 'GPL-2.0-or-later'],
    ['GPL-2.0', 'GPL-2.0-only WITH Classpath-exception-2.0'],
    ['GPL-3.0', 'LGPL-3.0-or-later'],
    ['LGPL-2.1', 'LGPL-2.1+'],
    ['X11', 'MIT'],
    ['PSF-2.0', 'Python-2.0'],
    ['Apache-2.0 WITH LLVM-exception', 'Apache-2.0 WITH LLVM-exception'],
  ])('%s is what %s declares', (found, declared) => {
    expect(differences(found, entry(declared))).toEqual([]);
  });

  test.each([
    ['MIT', 'MIT-0'],
    ['GPL-3.0', 'GPL-2.0-or-later'],
    ['Apache-2.0 WITH LLVM-exception', 'Apache-2.0'],
    ['BSD-3-Clause', 'BSD-2-Clause'],
  ])('%s is not what %s declares', (found, declared) => {
    expect(differences(found, entry(declared))).toEqual([['undeclared', found]]);
  });

  test('is compared with the entry that names its file', () => {
    const named = entry('ISC', { licensePath: 'COPYING' });
    expect(differences('MIT', entry('MIT'), named)).toEqual([['differs', 'MIT']]);
    expect(differences('MIT', { ...named, detectionOverride: 'MIT' })).toEqual([]);
    const [stale] = checkLicences(
      [{ path: 'COPYING', text: textOf('MIT') }],
      [{ ...named, detectionOverride: 'X11' }],
    );
    expect(stale?.message).toMatch(/is MIT, and declared as ISC; the override is for X11/);
  });

  test('that is not recognised is told, unless the recipe names the file', () => {
    const texts = [{ path: 'TERMS', text: 'terms of our own' }];
    expect(checkLicences(texts, [entry('LicenseRef-Own')])).toEqual([
      {
        kind: 'unsure',
        path: 'TERMS',
        found: undefined,
        message: 'the licence "TERMS" is no text that is known',
      },
    ]);
    expect(checkLicences(texts, [entry('LicenseRef-Own', { licensePath: 'TERMS' })])).toEqual([]);
  });
});

test('what looks like a licence is checked, and what the recipe names', () => {
  const copyright = [
    entry('MIT'),
    entry('X', { licensePath: 'legal/x' }),
    entry('Y', { licensePath: 'COPYING' }),
  ];
  expect(licencePaths(['src/a.c', 'COPYING'], copyright)).toEqual(['COPYING', 'legal/x']);
});
