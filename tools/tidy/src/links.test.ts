import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readText, repositoryFiles, root } from './repository.ts';

const documents = repositoryFiles().filter(
  (file) => file.endsWith('.md') && !file.includes('/testdata/'),
);

/** Relative links and pictures of a Markdown text, outside of code. */
function linksOf(text: string): readonly string[] {
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((link) => !/^[a-z]+:/.test(link));
}

/** The anchors of a document: its headings in lower case, words joined by hyphens. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#+ +(.*)$/gm);
  return new Set(
    [...headings].map((match) =>
      (match[1] ?? '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** The links of a document that lead nowhere. */
function brokenLinks(file: string, text: string): readonly string[] {
  return linksOf(text).filter((link) => {
    const [target = '', anchor] = link.split('#');
    const found = target === '' ? file : path.join(path.dirname(file), target);
    if (!fs.existsSync(path.join(root, found))) return true;
    if (anchor === undefined) return false;
    return !anchorsOf(found === file ? text : readText(found)).has(anchor);
  });
}

test.each(documents)('the links of %s lead somewhere', (file) => {
  expect(brokenLinks(file, readText(file))).toEqual([]);
});

test('a link to nothing is noticed', () => {
  const text = '# A b\n[a](#a-b) [b](#c) [c](nothing.md) [d](https://example.org) `[e](f.md)`\n';
  expect(brokenLinks('README.md', text)).toEqual(['#c', 'nothing.md']);
});
