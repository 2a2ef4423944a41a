import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestRepositories } from '@kiln/git-sources/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ranMelange, type RanMelange } from '../testing.ts';

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`;

let folder = '';
let server: Server;
let base = '';
let digest = '';

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'kiln-license-check-test-'));
  put('src-1.0/LICENSE', mit);
  put('src-1.0/sub/COPYRIGHT', 'All rights reserved\n');
  put('src-1.0/sub/deeper/COPYING', mit);
  execFileSync('tar', ['-czf', 'src-1.0.tar.gz', 'src-1.0'], { cwd: folder });
  const archive = fs.readFileSync(path.join(folder, 'src-1.0.tar.gz'));
  digest = createHash('sha256').update(archive).digest('hex');
  server = createServer((request, response) => {
    const file = path.join(folder, path.basename(request.url ?? ''));
    if (!fs.existsSync(file)) response.statusCode = 404;
    response.end(fs.existsSync(file) ? fs.readFileSync(file) : '');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  fs.rmSync(folder, { recursive: true });
});
beforeEach(() => {
  fs.rmSync(path.join(folder, 'work'), { recursive: true, force: true });
});

function put(name: string, text: string): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

const fetchStep = (more = ''): string => `  - uses: fetch
    with:
      uri: ${base}/src-\${{package.version}}.tar.gz
      expected-sha256: ${digest}
${more}`;

const recipe = (copyright: string, steps: string): string => `package:
  name: a
  version: "1.0"
  epoch: 0
  description: x # kept
  copyright:
${copyright}
pipeline:
${steps}`;

const run = (...words: readonly string[]): Promise<RanMelange> =>
  ranMelange(['license-check', ...words], { XDG_CACHE_HOME: path.join(folder, 'cache') });

test('the sources of a recipe are fetched, and what differs is a warning', async () => {
  const file = put('a.yaml', recipe('    - license: ISC\n', fetchStep()));
  const { code, talk } = await run(file);
  expect(talk).toContain('INFO   LICENSE: MIT (1.000000) (notice)\n');
  expect(talk).toContain('WARN   LICENSE: MIT not found\n');
  expect(talk).toContain('WARN   sub/COPYRIGHT: NOASSERTION (0.000000) (unknown)\n');
  expect(talk).not.toContain('deeper');
  expect(code).toBe(0);
  const deep = await run(file, '--scan-type', 'deep', '--workdir', path.join(folder, 'work'));
  expect(deep.talk).toContain('sub/deeper/COPYING: MIT');
  expect(fs.existsSync(path.join(folder, 'work/src-1.0.tar.gz'))).toBe(true);
});

test('--fix writes what was found, in both forms, and nothing where all agrees', async () => {
  const file = put('a.yaml', recipe('    - license: ISC # why\n', fetchStep()));
  expect((await run('--fix', file)).code).toBe(0);
  const fixed = recipe('    - license: MIT\n      license-path: LICENSE\n', fetchStep());
  expect(fs.readFileSync(file, 'utf8')).toBe(fixed);
  const again = await run('--fix', '--format', 'simple', file);
  expect(again.talk).toContain('no actionable license differences detected');
  expect(fs.readFileSync(file, 'utf8')).toBe(fixed);
  put('a.yaml', recipe('    - license: ISC\n', fetchStep()));
  await run('--fix', '--format=simple', file);
  expect(fs.readFileSync(file, 'utf8')).toBe(recipe('    - license: MIT\n', fetchStep()));
});

test('a checkout is laid out, patches of the side folder are applied to it', async () => {
  using repositories = new TestRepositories();
  repositories.init('r');
  const abridged = mit.replace(/, EXPRESS OR[^]*$/, '.\n');
  const commit = repositories.commit('r', { COPYING: abridged });
  const [first = '', second = ''] = abridged.split('\n');
  put(
    'git/one.patch',
    `--- a/COPYING\n+++ b/COPYING\n@@ -1,2 +1,2 @@\n-${first}\n+Nothing is granted\n ${second}\n`,
  );
  const file = put(
    'git.yaml',
    recipe(
      '    - license: MIT\n',
      `  - uses: git-checkout
    with:
      repository: ${repositories.url('r')}
      expected-commit: ${commit}
  - uses: patch
    with:
      patches: one.patch
`,
    ),
  );
  const { code, talk } = await run(file);
  expect(talk).toContain('INFO   COPYING: NOASSERTION');
  expect(code).toBe(0);
});

test('a checkout that wants its submodules has them, and theirs', async () => {
  using repositories = new TestRepositories();
  repositories.init('innermost');
  repositories.commit('innermost', { COPYING: mit });
  repositories.init('inner');
  // An address that is relative to that of the repository.
  repositories.git('inner', 'remote', 'add', 'origin', repositories.url('inner'));
  repositories.git('inner', 'submodule', 'add', '--quiet', '../innermost', 'inmost');
  repositories.commit('inner', { LICENSE: mit });
  repositories.init('r');
  repositories.git('r', 'submodule', 'add', '--quiet', repositories.url('inner'), 'inner');
  const commit = repositories.commit('r', { 'README.md': 'x' });
  // What they hold by now is not what the commit refers to.
  repositories.commit('inner', { LICENSE: 'all rights reserved' });
  const checkout = (more: string): string => `  - uses: git-checkout
    with:
      repository: ${repositories.url('r')}
      expected-commit: ${commit}
      destination: src${more}
`;
  const work = path.join(folder, 'submodules');
  const words = ['--scan-type', 'deep', '--workdir', work];
  const file = put('git.yaml', recipe('    - license: MIT\n', checkout('')));
  expect((await run(file, ...words)).talk).toContain('no license files detected');
  put('git.yaml', recipe('    - license: MIT\n', checkout('\n      recurse-submodules: true')));
  const { code, talk } = await run(file, ...words);
  expect(talk).toContain('src/inner/LICENSE: MIT');
  expect(talk).toContain('src/inner/inmost/COPYING: MIT');
  expect(code).toBe(0);
  expect(fs.readdirSync(path.join(work, 'src/inner')).sort()).toEqual([
    '.gitmodules',
    'LICENSE',
    'inmost',
  ]);
});

test('a folder is looked at as it is', async () => {
  const { code, talk } = await run(path.join(folder, 'src-1.0'));
  expect(talk).toContain('LICENSE: MIT');
  expect(talk).not.toContain('configuration:');
  expect(code).toBe(0);
  expect((await run('--fix', path.join(folder, 'src-1.0'))).talk).toContain('ERRO not a recipe');
});

test.each([
  [
    'another digest',
    () => fetchStep().replace(digest, '0'.repeat(64)),
    /has sha256 [0-9a-f]+, not 0/,
  ],
  ['nothing there', () => fetchStep().replace('.tar.gz', '.zip'), /nothing is at/],
  ['no archive', () => `  - uses: fetch\n    with: {uri: "${base}/a.yaml"}\n`, /cannot unpack/],
  ['a folder outside', () => fetchStep('      directory: ../x\n'), /leads out of the workspace/],
  [
    'another protocol',
    () => '  - uses: fetch\n    with: {uri: "file:///etc/x"}\n',
    /not an address/,
  ],
  ['a patch outside', () => '  - uses: patch\n    with: {patches: /etc/x}\n', /leads out/],
  [
    'a checkout of no commit',
    () => '  - uses: git-checkout\n    with: {repository: "https://x.invalid/y"}\n',
    /names no commit/,
  ],
])('%s is an error', async (_, steps, message) => {
  const file = put('a.yaml', recipe('    - license: MIT\n', steps()));
  const { code, talk } = await run(file);
  expect(talk).toMatch(message);
  expect(talk).toMatch(/a\.yaml:\d+:\d+/);
  expect(code).toBe(1);
});

test('a link of one archive leads no other out of the folder', async () => {
  const outside = path.join(folder, 'outside');
  fs.mkdirSync(outside);
  fs.mkdirSync(path.join(folder, 'evil'));
  fs.symlinkSync(outside, path.join(folder, 'evil/out'));
  execFileSync('tar', ['-cf', 'evil.tar', 'evil'], { cwd: folder });
  const steps = `  - uses: fetch\n    with: {uri: "${base}/evil.tar"}\n${fetchStep('      directory: out\n')}`;
  const { code, talk } = await run(put('a.yaml', recipe('    - license: MIT\n', steps)));
  expect(talk).toContain('"out" leads out of the workspace');
  expect(code).toBe(1);
  expect(fs.readdirSync(outside)).toEqual([]);
});
