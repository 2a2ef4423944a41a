import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { splitSignatures } from '@kiln/apk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PackageBuilds, failureOf, type TestRun } from './testing.ts';

let builds: PackageBuilds;
let folder = '';

beforeAll(async () => {
  builds = await PackageBuilds.open(['bash', 'mkdir', 'chmod', 'ln']);
  ({ folder } = builds);
});
afterAll(() => builds[Symbol.dispose]());

const put: PackageBuilds['put'] = (file, content) => builds.put(file, content);

async function build(recipe: string, ...words: readonly string[]): Promise<TestRun> {
  return builds.build(recipe, words);
}

function recipe(name: string, script: string, more = ''): string {
  return put(
    `${name}.yaml`,
    `package:
  name: ${name}
  version: "1.2"
  epoch: 0
  description: a test
  copyright: [{license: MIT}]
${more}environment: {contents: {packages: [tools]}}
pipeline:
  - runs: |
${script.replaceAll(/^/gm, '      ')}
`,
  );
}

test('the catalog gives packages, variables, date, namespace and pipelines of a build', async () => {
  const catalog = path.join(folder, 'catalog');
  put(
    'catalog/catalog.yaml',
    `name: own
namespace: examples
date: 2026-01-02
environment:
  packages: [tools]
  variables: {GREETING: from the catalog, CFLAGS: -O3}
`,
  );
  put(
    'catalog/pipelines/own/say.yaml',
    `name: Say it
pipeline:
  - runs: |
      mkdir -p "\${{targets.destdir}}/usr/share"
      printf '%s\\n' "$GREETING" "$CFLAGS" "$SOURCE_DATE_EPOCH" > "\${{targets.destdir}}/usr/share/said"
`,
  );
  const file = put(
    'catalog/recipes/say.yaml',
    `package:
  name: say
  version: "1"
  epoch: 0
  description: a test
  copyright: [{license: MIT}]
environment: {environment: {CFLAGS: -O1}}
pipeline: [{uses: own/say}]
`,
  );
  const { code, rows } = await build(file, '--catalog', catalog);
  expect(code).toBe(0);
  const apk = rows[0]?.packages[0]?.file ?? '';
  const inside = (name: string): string =>
    execFileSync('tar', ['-xzOf', apk, '--warning=no-unknown-keyword', name], { encoding: 'utf8' });
  // The date of the command line wins over that of the catalog.
  expect(inside('usr/share/said')).toBe('from the catalog\n-O1\n1700000000\n');
  expect(inside('var/lib/db/sbom/say-1-r0.spdx.json')).toContain('pkg:apk/examples/say@1-r0');
});

test('a folder that is no catalog', async () => {
  const file = recipe('plain', 'true');
  await expect(build(file, '--catalog', folder)).rejects.toMatchObject({
    code: 'CATALOG_NOT_FOUND',
  });
});

test('a recipe becomes signed packages, once, and their index; a program gets its capabilities', async () => {
  const file = recipe(
    'ping',
    `mkdir -p "\${{targets.destdir}}/usr/bin"
printf '#!/bin/sh\\n' > "\${{targets.destdir}}/usr/bin/ping"
chmod 755 "\${{targets.destdir}}/usr/bin/ping"`,
    `  setcap:
    - path: /usr/bin/ping
      add: {cap_net_raw: "+ep"}
      reason: opens raw sockets
    - path: /usr/bin/gone
      add: {cap_net_raw: "+ep"}
      reason: was there once
`,
  );
  const first = await build(file);
  expect(first.rows).toMatchObject([{ result: 'built', packages: [{}] }]);
  expect(first.talk).toContain('warning: ping: setcap: no file /usr/bin/gone');
  const apk = first.rows[0]?.packages[0]?.file ?? '';
  const members = execFileSync('tar', ['-tzf', apk, '--warning=no-unknown-keyword'], {
    encoding: 'utf8',
  });
  expect(members.split('\n').slice(0, 2)).toEqual(['.SIGN.RSA256.own.rsa.pub', '.PKGINFO']);
  expect(members).toContain('usr/bin/ping');
  const tar = execFileSync('zcat', [apk], { maxBuffer: 1 << 26 });
  expect(tar.includes('SCHILY.xattr.security.capability=')).toBe(true);
  expect(fs.existsSync(path.join(path.dirname(apk), 'APKINDEX.tar.gz'))).toBe(true);

  const again = await build(file);
  expect(again.rows).toMatchObject([{ result: 'known', packages: first.rows[0]?.packages ?? [] }]);
  const checked = await build(file, '--check');
  expect(checked.code).toBe(0);
  expect(checked.talk).toContain('built twice, equal');
});

test('who signs nothing goes on with what was built before', async () => {
  const words = 'mkdir -p "${{targets.destdir}}/usr/share/one"';
  const one = recipe('one', words);
  expect((await builds.unsigned('build', one)).talk).toContain('one 1.2-r0 x86_64: built');
  expect((await builds.unsigned('build', one)).talk).toContain('one 1.2-r0 x86_64: known');
  expect((await builds.unsigned('build', '--all', one)).talk).toContain('one 1.2-r0 x86_64: known');
  expect((await builds.unsigned('test', one)).talk).toContain('one: installs; it has no test');
});

test('a test of a package that no recipe makes is refused', async () => {
  const one = recipe('one', 'true');
  expect(await failureOf(builds.test(one, ['--package', 'two']))).toBe(
    'error[USAGE]: no package "two" in these recipes\nhint: they make one\n',
  );
});

test('a tree is built in the order of its needs, and a failure costs what needs it and nothing else', async () => {
  const inTree = (name: string, needs: string, script: string): string =>
    put(
      `tree/${name}.yaml`,
      `package: {name: ${name}, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [tools${needs}]}}
pipeline: [{runs: '${script}'}]
`,
    );
  const place = 'mkdir -p "${{targets.destdir}}/usr/share/${{package.name}}"';
  inTree('a-last', ', z-first', `test -d /usr/share/z-first; ${place}`);
  inTree('z-first', '', place);
  inTree('broken', '', 'exit 3');
  inTree('needs-broken', ', broken', place);
  inTree('unreadable', '', '${{nothing}}');
  const { code, rows, talk } = await build(path.join(folder, 'tree'), '--all');
  expect(code).toBe(1);
  expect(Object.fromEntries(rows.map((row) => [path.basename(row.recipe), row.result]))).toEqual({
    'a-last': 'built',
    'z-first': 'built',
    broken: 'failed',
    'needs-broken': 'skipped',
    'unreadable.yaml': 'failed',
  });
  expect(talk).toContain('skipped needs-broken: it needs broken');
});

const setuid = `mkdir -p "\${{targets.destdir}}/usr/bin" "\${{targets.destdir}}/opt/x"
printf x > "\${{targets.destdir}}/usr/bin/su"; chmod 4755 "\${{targets.destdir}}/usr/bin/su"
printf x > "\${{targets.destdir}}/opt/x/y"`;

test('a required linter fails the build before anything is written, unless the recipe makes it warn', async () => {
  await expect(build(recipe('su', setuid))).rejects.toMatchObject({
    code: 'BUILD_LINT_FAILED',
    message: expect.stringMatching(/su: \[setuidgid\]/) as string,
  });
  expect(fs.existsSync(path.join(folder, 'packages/x86_64/su-1.2-r0.apk'))).toBe(false);
  const { rows, talk } = await build(recipe('su', setuid, '  checks: {disabled: [setuidgid]}\n'));
  expect(rows).toMatchObject([{ result: 'built' }]);
  expect(talk).toContain('su: [setuidgid]');
  expect(talk).toContain('su: [opt]');
});

const melange = (file: string, ...words: readonly string[]): ReturnType<PackageBuilds['melange']> =>
  builds.melange(['build', '--empty-workspace', file, ...words]);

test('melange builds are linted as the flags say, and keep the results', async () => {
  const file = recipe('setuid', setuid);
  const results = path.join(folder, 'melange/x86_64/lint-setuid-1.2-r0.json');
  const failed = await melange(file, '--persist-lint-results');
  expect(failed).toMatchObject({ code: 1, talk: expect.stringContaining('setuidgid') as string });
  expect(JSON.parse(fs.readFileSync(results, 'utf8'))).toMatchObject({
    package_name: 'setuid-1.2-r0',
    findings: { setuidgid: [{}], opt: [{}] },
  });
  expect(fs.existsSync(path.join(folder, 'melange/x86_64/setuid-1.2-r0.apk'))).toBe(false);
  const passed = await melange(file, '--lint-require', 'dev', '--lint-warn', 'setuidgid');
  expect(passed.code).toBe(0);
  expect(fs.existsSync(path.join(folder, 'melange/x86_64/setuid-1.2-r0.apk'))).toBe(true);
});

const licensed = `printf '%s\\n' \
  'Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted' \
  'provided that the above copyright notice and this permission notice appear in all copies' \
  'THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE' \
  'WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION' > LICENSE
ln -s /etc/passwd COPYING
mkdir -p melange-out/x; printf x > melange-out/x/LICENSE
mkdir -p "\${{targets.destdir}}/usr/share/x"`;

test('a licence in the sources that the recipe does not declare is told, and fails no build', async () => {
  const file = recipe('licensed', licensed);
  const { rows, talk } = await build(file);
  expect(rows).toMatchObject([{ result: 'built' }]);
  expect(talk).toContain(
    'warning: licensed: the licence "LICENSE" is ISC, which the recipe does not declare',
  );
  expect(talk).not.toContain('COPYING');
  const built = await melange(file);
  expect(built.code).toBe(0);
  // It has the signs of the licence, and hardly any of its text.
  expect(built.talk).toContain('INFO   LICENSE: ISC (0.000000) (notice)');
  expect(built.talk).toContain('WARN   LICENSE: ISC not found');
});

/** What stands beside a package, as `tar` reads it, after openssl has verified it as packages are. */
async function statementBeside(apk: string, suffix: string): Promise<Record<string, unknown>> {
  const archive = apk.replace(/\.apk$/, `.${suffix}.tar.gz`);
  const member = (name: string): Buffer => execFileSync('tar', ['-xOzf', archive, name]);
  const { rest } = await splitSignatures(fs.readFileSync(archive));
  const signature = put('statement.sig', member('.SIGN.RSA256.own.rsa.pub'));
  const key = path.join(folder, 'own.rsa.pub');
  const verify = ['dgst', '-sha256', '-verify', key, '-signature', signature];
  const signed = put('statement.signed', rest);
  expect(execFileSync('openssl', [...verify, signed], { encoding: 'utf8' })).toBe('Verified OK\n');
  const statement = member(path.basename(apk).replace(/\.apk$/, '.attestation'));
  return JSON.parse(statement.toString()) as Record<string, unknown>;
}

test.each([
  ['steady', 'echo steady', 0, { result: 'PASSED', passedTests: ['reproducible'] }],
  ['wanton', 'echo $RANDOM $RANDOM', 3, { result: 'FAILED', failedTests: ['reproducible'] }],
])(
  'the verdict of building %s twice is signed beside the package',
  async (name, print, code, said) => {
    const file = recipe(
      name,
      `mkdir -p "\${{targets.destdir}}/usr/share"
${print} > "\${{targets.destdir}}/usr/share/${name}"`,
    );
    const run = await build(file, '--check');
    expect(run.code).toBe(code);
    const apk = run.rows[0]?.packages[0]?.file ?? '';
    const sha256 = createHash('sha256').update(fs.readFileSync(apk)).digest('hex');
    const subject = [{ name: path.basename(apk), digest: { sha256 } }];
    expect(await statementBeside(apk, 'reproduced')).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject,
      predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
      predicate: said,
    });
    expect(await statementBeside(apk, 'attest')).toMatchObject({
      subject,
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: { buildDefinition: { externalParameters: { name, architecture: 'x86_64' } } },
    });
  },
);
