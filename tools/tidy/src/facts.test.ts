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

describe('leavings', () => {
  test('there are no markers of unfinished work', () => {
    const marker = new RegExp(['\\bTO', 'DO\\b|\\bFIX', 'ME\\b|\\bX', 'XX\\b'].join(''));
    expect(sources.filter((file) => marker.test(readText(file)))).toEqual([]);
  });

  test('no file names a package registry’s host or a path of somebody’s machine', () => {
    // Registries are reached through their clients, as the host configures them.
    const host =
      '(?:registry|proxy|repo1?|deb|files|index|snapshot|static)\\.(?!example)[a-z0-9-]+\\.[a-z]';
    const wrong = new RegExp(
      `//${host}|/root/|/home/(?!build\\b|nonroot\\b|ada\\b|NAME\\b|app\\b|user\\b)[a-z]`,
    );
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
