import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HostBuild, shells } from './host-build.ts';

const hash = (algorithm: string, bytes: Uint8Array): string =>
  createHash(algorithm).update(bytes).digest('hex');

const uri = `https://example.org/x/a: "b'.tar.xz`;
const original = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n';
const patchOf = (from: string, to: string): string =>
  `--- a/text\n+++ b/text\n@@ -2,5 +2,5 @@\n two\n three\n-${from}\n+${to}\n five\n six\n`;

describe.each(shells)('in %s', (shell) => {
  let host: HostBuild;
  let tarball: Uint8Array;

  beforeAll(() => {
    host = new HostBuild(shell);
    mkdirSync(join(host.folder, 'top/inner'), { recursive: true });
    writeFileSync(join(host.folder, 'top/inner/file'), 'content\n');
    // Debian's busybox does not recognise compressed archives.
    tarball = execFileSync('tar', [shell === 'bash' ? '-cJ' : '-c', '-C', host.folder, 'top']);
  });

  afterAll(() => host.remove());

  /** What the last step, which looks, has printed. */
  async function look(
    steps: string,
    side: Readonly<Record<string, string>> = {},
  ): Promise<string[]> {
    const { outcome, log } = await host.run({
      recipe: `package: {name: a, version: "1"}\npipeline:\n${steps}`,
      side,
      sources: { [uri]: tarball },
    });
    expect({ outcome: outcome.kind, log }).toMatchObject({ outcome: 'built' });
    return log.filter((line) => line.startsWith('a: look')).map((line) => line.slice(10));
  }

  const see = `
  - name: look
    runs: find . -type f ! -path './.*' | LC_ALL=C sort
`;
  const fetch = (inputs: string): string => `
  - uses: fetch
    with:
      uri: ${JSON.stringify(uri)}
${inputs
  .split('\n')
  .map((line) => `      ${line}`)
  .join('\n')}
`;

  describe('fetch', () => {
    test('unpacks what is in the cache, whatever it is called', async () => {
      const digest = `expected-sha256: ${hash('sha256', tarball).toUpperCase()}`;
      expect(await look(fetch(digest) + see)).toEqual([`./a: "b'.tar.xz`, './inner/file']);
    });

    test('unpacks into a directory of its own, drops more of the paths and removes the archive', async () => {
      const digest = `expected-sha512: ${hash('sha512', tarball)}`;
      const inputs = `${digest}\ndirectory: it's $HERE\nstrip-components: 2\ndelete: true`;
      expect(await look(fetch(inputs) + see)).toEqual([`./it's $HERE/file`]);
    });

    test('leaves the file as it is when told, and looks at the first of two digests', async () => {
      const inputs = `expected-sha256: ${hash('sha256', tarball)}\nexpected-sha512: ${'0'.repeat(128)}\nextract: false`;
      expect(await look(fetch(inputs) + see)).toEqual([`./a: "b'.tar.xz`]);
    });

    test('refuses other bytes than the recipe names', async () => {
      const { outcome, log } = await host.run({
        recipe: `package: {name: a, version: "1"}\npipeline:\n${fetch(`expected-sha256: ${'1'.repeat(64)}`)}`,
        sources: { [uri]: tarball },
      });
      expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
      expect(log.join('\n')).toContain(`has sha256 ${hash('sha256', tarball)}, not 1111`);
    });

    test('refuses an input of two lines instead of taking one for another', async () => {
      const inputs = `expected-sha256: ${hash('sha256', tarball)}\ndirectory: "a\\nb"`;
      const { outcome, log } = await host.run({
        recipe: `package: {name: a, version: "1"}\npipeline:\n${fetch(inputs)}`,
      });
      expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
      expect(log.join('\n')).toContain('an input has more than one line');
    });
  });

  describe('patch', () => {
    const content = `
  - name: look
    runs: sed -n 4p text
`;

    test('applies a series in order, with blanks, comments and names that have blanks', async () => {
      const steps = `  - {uses: patch, with: {series: "my series"}}\n${content}`;
      const side = {
        text: original,
        'my series': '# first\n\nto four.patch\n#none.patch\nlast.patch',
        'to four.patch': patchOf('four', '4'),
        'last.patch': patchOf('4', 'vier'),
      };
      expect(await look(steps, side)).toEqual(['vier']);
    });

    test('applies patches by name, the series before them', async () => {
      const side = {
        text: original,
        'a.patch': patchOf('four', 'A'),
        'b.patch': patchOf('A', 'B'),
      };
      const steps = `  - {uses: patch, with: {patches: "\\n a.patch\\n#none.patch\\tb.patch \\n"}}\n${content}`;
      expect(await look(steps, side)).toEqual(['B']);
      const both = `  - {uses: patch, with: {patches: none, series: s}}\n${content}`;
      expect(await look(both, { ...side, s: 'a.patch\n' })).toEqual(['A']);
    });

    test('lets as many lines of context differ as the fuzz says', async () => {
      const side = { text: original.replace('two', 'TWO'), 'a.patch': patchOf('four', 'A') };
      const recipe = (fuzz: string): string =>
        `  - {uses: patch, with: {patches: a.patch, fuzz: ${fuzz}}}\n${content}`;
      expect(await look(recipe('2'), side)).toEqual(['A']);
      const { outcome } = await host.run({
        recipe: `package: {name: a, version: "1"}\npipeline:\n${recipe('0')}`,
        side,
      });
      expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
    });

    test('takes paths as deep as told, from the directory of the step', async () => {
      const side = {
        'd/text': original,
        'd/a.patch': patchOf('four', 'A').replaceAll('/text', '/x/text'),
      };
      const steps = `
  - {uses: patch, working-directory: d, with: {patches: a.patch, strip-components: 2}}
  - {name: look, runs: sed -n 4p d/text}
`;
      expect(await look(steps, side)).toEqual(['A']);
    });

    test.each([
      ['neither is given', 'patches: ""', /no patches are named/],
      ['the series names none', 'series: empty', /no patches are named in empty/],
      ['the series is missing', 'series: none', /no such series/],
      ['a patch is missing', 'patches: none', /no such patch/],
      ['a name could be run by a shell', 'patches: "a;b"', /shell characters/],
      ['a name could be replaced by a shell', 'patches: "${A}"', /shell characters/],
      ['the name of the series could', 'series: "`a`"', /shell characters/],
      ['the fuzz is no number', 'patches: a, fuzz: many', /whole numbers/],
      ['the depth is below zero', 'patches: a, strip-components: -1', /whole numbers/],
    ])('is refused when %s', async (_what, given, message) => {
      const { outcome, log } = await host.run({
        recipe: `package: {name: a, version: "1"}\npipeline: [{uses: patch, with: {${given}}}]\n`,
        side: { empty: '\n# nothing\n' },
      });
      expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
      expect(log.join('\n')).toMatch(message);
    });
  });

  test('git-am makes commits whose names follow from the patches alone', async () => {
    const mail = (from: string, to: string): string =>
      `From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\nFrom: Ada <ada@example.org>\nDate: Thu, 1 Jan 2026 00:00:00 +0000\nSubject: [PATCH] ${to}\n\n---\n${patchOf(from, to)}`;
    const steps = `
  - environment: {GIT_AUTHOR_DATE: "@1 +0000", GIT_COMMITTER_DATE: "@1 +0000"}
    runs: |
      git init -q
      git add text
      git -c user.name=A -c user.email=a@example.org commit -q -m first
  - uses: git-am
    with:
      patches: |
        a.patch
        it's.patch
  - name: look
    runs: git log --format='%H %s by %an, %cn'
`;
    const side = { text: original, 'a.patch': mail('four', '4'), "it's.patch": mail('4', 'vier') };
    const first = await look(steps, side);
    expect(first.map((line) => line.slice(41))).toEqual([
      'vier by Ada, Melange Build',
      '4 by Ada, Melange Build',
      'first by A, A',
    ]);
    expect(await look(steps, side)).toEqual(first);
  });
});
