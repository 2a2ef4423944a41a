import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readText, repositoryFiles, root } from './repository.ts';

const files = repositoryFiles();
const sources = files.filter((file) => /\.(ts|tsx)$/.test(file) && !file.includes('/testdata/'));
const texts = files.filter(
  (file) =>
    /\.(ts|tsx|md|ya?ml|json|sql|sh|css|html)$|^kiln$|^\.ci\//.test(file) &&
    !file.includes('/testdata/') &&
    file !== 'package-lock.json',
);

describe('errors', () => {
  const page = readText('docs/errors.md');
  const documented = new Set(
    [...page.matchAll(/^\|\s*`?([A-Z][A-Z0-9_]+)`?\s*\|/gm)].map((match) => match[1] ?? ''),
  );
  const used = new Set<string>();
  for (const file of sources) {
    if (/\.test\.ts$|conformance|\/testing/.test(file)) continue;
    for (const match of readText(file).matchAll(/new KilnError\(\s*'([A-Z][A-Z0-9_]+)'/g))
      used.add(match[1] ?? '');
  }

  test('every code that is thrown is documented', () => {
    expect([...used].filter((code) => !documented.has(code)).sort()).toEqual([]);
  });

  test('every documented code occurs in the sources', () => {
    const everything =
      sources
        .filter((file) => !file.endsWith('.test.ts'))
        .map(readText)
        .join('\n') + readText('kiln');
    // Codes made of a prefix and a fixed list are found by their last part.
    const missing = [...documented].filter(
      (code) =>
        !everything.includes(code) && !everything.includes(code.slice(code.indexOf('_') + 1)),
    );
    expect(missing.sort()).toEqual([]);
  });
});

describe('leavings', () => {
  test('there are no markers of unfinished work', () => {
    const marker = new RegExp(['\\bTO', 'DO\\b|\\bFIX', 'ME\\b|\\bX', 'XX\\b'].join(''));
    expect(sources.filter((file) => marker.test(readText(file)))).toEqual([]);
  });

  test('no file names a package registry’s host or a path of somebody’s machine', () => {
    const hosts = [
      'registry\\.npmjs',
      'deb\\.debian\\.org',
      'proxy\\.golang\\.org',
      'pypi\\.org/simple',
      'files\\.pythonhosted',
      'index\\.crates',
      'repo1?\\.maven',
    ].join('|');
    const wrong = new RegExp(`${hosts}|/work/main|/work/shared|/root/`);
    expect(
      texts.filter((file) => file !== 'tools/tidy/src/facts.test.ts' && wrong.test(readText(file))),
    ).toEqual([]);
  });

  test('no file is larger than a megabyte', () => {
    expect(
      files.filter(
        (file) =>
          file !== 'package-lock.json' && fs.statSync(path.join(root, file)).size > 1_000_000,
      ),
    ).toEqual([]);
  });

  test('the lockfile names no download address', () => {
    expect(readText('package-lock.json')).not.toMatch(/"resolved": "https?:/);
  });
});
