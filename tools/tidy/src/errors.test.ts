import { describe, expect, test } from 'vitest';
import { parseErrorsPage, printErrorsPage } from './errors-page.ts';
import { generated, isTest, readText, repositoryFiles, workspaces } from './repository.ts';

const page = parseErrorsPage(readText('docs/errors.md'));
const documented = new Map(
  page.sections.flatMap((section) => section.rows.map((row) => [row.code, section.name] as const)),
);
const prefixes = new Set([...documented.keys()].map((code) => code.split('_')[0] ?? ''));

/** Texts that look like a code and are none. */
const noCodes = new Set(['SOURCE_DATE_EPOCH', 'MELANGE_VERSIONED_SHLIB_DEPENDS', 'VERSION_ID']);

/** The registry's codes are `REGISTRY_` and what the distribution specification calls the error. */
const prefixOf = (name: string): string => (name === 'oci-registry' ? 'REGISTRY_' : '');

const files = repositoryFiles();
const packages = workspaces().map((one) => ({
  name: one.name.replace('@kiln/', ''),
  texts: files
    .filter((file) => file.startsWith(`${one.folder}/`) && /\.tsx?$/.test(file))
    .filter((file) => !file.endsWith('.test.ts') && !file.includes('/testdata/'))
    .filter((file) => one.folder === 'test/clients' || !isTest(file))
    .map(readText),
}));

/** The strings in capitals that a package's sources contain. */
function codesIn(texts: readonly string[]): ReadonlySet<string> {
  const found = texts.flatMap((text) => [...text.matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)'/g)]);
  return new Set(found.map((match) => match[1] ?? ''));
}

const used = new Map(packages.map((one) => [one.name, codesIn(one.texts)]));
used.set(
  'launcher',
  new Set([...readText('kiln').matchAll(/\bfail ([A-Z_]+)/g)].map((match) => match[1] ?? '')),
);

function thrownIn(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) =>
    [...text.matchAll(/new KilnError\(\s*'([A-Z][A-Z0-9_]+)'/g)].map((match) => match[1] ?? ''),
  );
}

describe('the catalogue of errors', () => {
  test('has every code that is thrown by name', () => {
    const thrown = packages.flatMap((one) => thrownIn(one.texts));
    expect(thrown.filter((code) => !documented.has(code))).toEqual([]);
  });

  test('has every string that begins like a code', () => {
    const unknown = [...used].flatMap(([name, codes]) =>
      [...codes]
        .filter((code) => code.includes('_') && prefixes.has(code.split('_')[0] ?? ''))
        .filter((code) => !documented.has(code) && !noCodes.has(code))
        .filter((code) => !documented.has(`${prefixOf(name)}${code}`))
        .map((code) => `${name}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });

  test('has no code that its package does not know', () => {
    const gone = [...documented]
      .filter(([code, name]) => {
        const known = used.get(name) ?? new Set();
        const prefix = prefixOf(name);
        return (
          !known.has(code) && !(code.startsWith(prefix) && known.has(code.slice(prefix.length)))
        );
      })
      .map(([code, name]) => `${name}: ${code}`);
    expect(gone).toEqual([]);
  });

  test('has each code once, with a meaning and a remedy', () => {
    const rows = page.sections.flatMap((section) => section.rows);
    expect(rows).toHaveLength(documented.size);
    expect(rows.filter((row) => row.meaning === '' || row.remedy === '')).toEqual([]);
  });

  test('is sorted by package and code (KILN_UPDATE=1 sorts it)', () => {
    const { found, wanted } = generated('docs/errors.md', printErrorsPage(page));
    expect(found).toBe(wanted);
  });
});

describe('the reader of the page', () => {
  const text =
    '# Errors\n\n## @kiln/b\n\n| Code | Meaning | What to do |\n| --- | --- | --- |\n| `B_Y` | y. | do y. |\n| `B_X` | x. | do \\| x. |\n\n## a\n\nProse.\n\n| Code | Meaning | What to do |\n|---|---|---|\n| `A_Z` | z. | do z. |\n';

  test('sorts packages and codes and keeps prose and escapes', () => {
    const sorted = printErrorsPage(parseErrorsPage(text));
    expect(sorted.match(/`\w+`|## \w+|Prose/g)).toEqual([
      '## a',
      'Prose',
      '`A_Z`',
      '## b',
      '`B_X`',
      '`B_Y`',
    ]);
    expect(sorted).toContain('| do \\| x. |');
    expect(printErrorsPage(parseErrorsPage(sorted))).toBe(sorted);
  });

  test('refuses a row with a cell too few', () => {
    expect(() => parseErrorsPage('# E\n\n## a\n\n| `A_Z` | z. |\n')).toThrow(/three cells/);
  });
});
