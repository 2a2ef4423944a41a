import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { unifiedDiff } from './unified-diff.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-diff-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

function diffOf(before: readonly string[], after: readonly string[]): string {
  return unifiedDiff({ name: 'a', lines: before }, { name: 'b', lines: after });
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** What patch makes of a text. */
function patched(text: string, diff: string): string {
  const file = path.join(folder, 'file');
  fs.writeFileSync(file, text);
  execFileSync('patch', ['--silent', '--fuzz=0', '-o', `${file}.new`, file], { input: diff });
  return fs.readFileSync(`${file}.new`, 'utf8');
}

describe('a difference', () => {
  test('of equal texts is empty', () => {
    expect(diffOf(['a', 'b'], ['a', 'b'])).toBe('');
  });

  test('has three lines of context, and joins hunks with fewer than six lines between them', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const near = lines.map((line, index) => (index === 4 || index === 10 ? `${line}!` : line));
    const far = lines.map((line, index) => (index === 4 || index === 11 ? `${line}!` : line));
    expect(diffOf(lines, near).match(/^@@.*$/gm)).toEqual(['@@ -2,13 +2,13 @@']);
    expect(diffOf(lines, far).match(/^@@.*$/gm)).toEqual(['@@ -2,7 +2,7 @@', '@@ -9,7 +9,7 @@']);
  });

  test('from nothing, and to nothing, begins at line 0', () => {
    expect(diffOf([], ['x'])).toBe('diff a b\n--- a\n+++ b\n@@ -0,0 +1,1 @@\n+x\n');
    expect(diffOf(['x'], [])).toBe('diff a b\n--- a\n+++ b\n@@ -1,1 +0,0 @@\n-x\n');
  });

  test('is one that patch applies', () => {
    // Few different lines, so that much repeats; the first ones keep patch from asking for a name.
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 14 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        fc.pre(before.length > 0 && after.length > 0);
        const diff = diffOf(before, after);
        expect(diff === '').toBe(textOf(before) === textOf(after));
        fc.pre(diff !== '');
        expect(patched(textOf(before), diff)).toBe(textOf(after));
      }),
      { numRuns: 60 },
    );
  });
});
