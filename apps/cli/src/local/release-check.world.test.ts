import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exitCodeOf } from '../report.ts';
import { PackageBuilds, optionWords, type TestRun } from './testing.ts';

let builds: PackageBuilds;

beforeEach(async () => {
  builds = await PackageBuilds.open(['bash', 'mkdir', 'chmod', 'cp', 'rm']);
});
afterEach(() => builds[Symbol.dispose]());

const at = '"${{targets.destdir}}';
/** A library of the guest, as one that was compiled. */
const library = `mkdir -p ${at}/usr/lib"; cp -L $(echo /usr/lib/*/libc.so.6) ${at}/usr/lib/libc.so.6"`;
const command = (name: string, mode = '755'): string =>
  `mkdir -p ${at}/usr/bin"; printf '#!/bin/sh\\n' > ${at}/usr/bin/${name}"; chmod ${mode} ${at}/usr/bin/${name}"`;

interface Facts {
  readonly epoch?: number;
  readonly license?: string;
  readonly script?: readonly string[];
  readonly more?: string;
  readonly kiln?: string;
}

function recipe(name: string, facts: Facts): string {
  const { epoch = 0, license = 'MIT', script = [], more = '', kiln = '' } = facts;
  return builds.put(
    `tree/${name}.yaml`,
    `package:
  name: ${name}
  version: "1"
  epoch: ${epoch}
  copyright: [{license: ${license}}]
  checks: {disabled: [setuidgid]}
${more}environment: {contents: {packages: [tools]}}
kiln:
  hardening:
    exceptions:
      - {path: usr/lib/*, check: bind-now, reason: a library of the host}
      - {path: usr/lib/*, check: stack-protector, reason: a library of the host}
      - {path: usr/lib/*, check: fortify, reason: a library of the host}
      - {path: usr/lib/*, check: relro, reason: a library of the host}
${kiln}pipeline:
  - runs: |
${['mkdir -p "${{targets.destdir}}/usr/share/x"', ...script].join('\n').replaceAll(/^/gm, '      ')}
`,
  );
}

const build = (file: string, ...words: readonly string[]): Promise<TestRun> =>
  builds.build(file, words);

const packageOf = (name: string): string => path.join(builds.folder, 'packages/x86_64', name);

async function refusalOf(run: Promise<TestRun>): Promise<Error & { readonly code?: string }> {
  try {
    await run;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was published');
}

test('what takes a library, a command or a licence away, or gives rights, is refused before it is published', async () => {
  const before = recipe('lib', { script: [library, command('tool'), command('su')] });
  await build(before);
  const records = execFileSync('tar', ['-xzOf', packageOf('APKINDEX.tar.gz'), 'APKINDEX'], {
    encoding: 'utf8',
  });
  expect(records).toMatch(/^p:.*so:libc\.so\.6=6/m);
  const index = fs.readFileSync(packageOf('APKINDEX.tar.gz'));

  const changed: Facts = { epoch: 1, license: 'ISC', script: [command('su', '4755')] };
  const refused = await refusalOf(build(recipe('lib', changed)));
  expect(refused.message.split('\n')).toEqual([
    'lib is not what is published as 1-r0:',
    '  changed-licence:lib: the licence goes from "MIT" to "ISC"',
    '  new-setuid:lib:usr/bin/su: "usr/bin/su" runs as its owner, which it did not before',
    '  removed-command:lib:tool: no package provides the command "tool" any more',
    '  removed-soname:lib:libc.so.6: no package provides the library "libc.so.6" any more',
    expect.stringMatching(/^ {2}size-jump:lib: the installed size goes from \d+ to \d+ bytes$/),
  ]);
  expect(refused.code).toBe('LOCAL_RELEASE_UNACKNOWLEDGED');
  expect(exitCodeOf(refused)).toBe(3);
  expect(fs.existsSync(packageOf('lib-1-r1.apk'))).toBe(false);
  expect(fs.readFileSync(packageOf('APKINDEX.tar.gz')).equals(index)).toBe(true);

  const some = ['changed-licence:lib', 'new-setuid:lib:usr/bin/su', 'size-jump:lib'];
  const acknowledged = some.map((finding) => `    - {finding: "${finding}", reason: meant}\n`);
  const kiln = `  acknowledge:\n${acknowledged.join('')}    - {finding: removed-package:lib-dev, reason: never was}\n`;
  const file = recipe('lib', { ...changed, kiln });
  const less = await refusalOf(build(file, '--acknowledge', 'removed-command:lib:tool'));
  expect(less.message).toMatch(/1-r0:\n {2}removed-soname:lib:libc\.so\.6: [^\n]*$/);
  const words = ['removed-command:lib:tool', 'removed-soname:lib:libc.so.6'];
  const passed = await build(file, ...words.flatMap((word) => ['--acknowledge', word]));
  expect(passed.rows).toMatchObject([
    { result: 'known', release: { published: '1-r0', findings: { length: 5 } } },
  ]);
  expect(passed.talk).toContain('lib: acknowledged: "usr/bin/su" runs as its owner');
  expect(passed.talk).toContain('warning: lib: acknowledged, and did not happen: removed-package');
  expect(fs.existsSync(packageOf('lib-1-r1.apk'))).toBe(true);
  // What is published now is what changes are from.
  expect((await build(file)).talk).not.toContain('acknowledged');
});

test('recipes whose packages lose a library are named, with the epoch they need', async () => {
  await build(recipe('lib', { script: [library] }));
  const needs = '  dependencies: {runtime: [so:libc.so.6]}\n';
  await build(recipe('user', { epoch: 4, more: needs }));
  await build(recipe('other', {}));
  const file = recipe('lib', { epoch: 1 });
  const refused = await refusalOf(build(file));
  expect(refused.message).toContain(
    `\n  to build again: user (epoch 5 in ${path.join(builds.folder, 'tree/user.yaml')}): user needs so:libc.so.6`,
  );
  expect(refused.message).not.toContain('other');
  const { talk } = await build(file, '--acknowledge', 'all');
  expect(talk).toContain('lib: packages lose a library\n  to build again: user (epoch 5');
  const tree = await build(path.dirname(file), '--all');
  expect(tree.code).toBe(0);
});

test('what another repository has of the recipe is compared with, and what no recipe of its name made is not', async () => {
  await build(recipe('lib', { script: [command('tool')] }));
  // A package "tools" is in the repository of the guest, of no recipe.
  const tools = await build(recipe('tools', { epoch: 7 }), '--out-dir', `${builds.folder}/own`);
  expect(tools.rows).toMatchObject([{ result: 'built' }]);
  const published = path.join(builds.folder, 'published');
  fs.renameSync(path.join(builds.folder, 'packages'), published);
  const elsewhere = optionWords({
    repository: published,
    keyring: path.join(builds.folder, 'own.rsa.pub'),
  });
  const file = recipe('lib', { epoch: 1 });
  const refused = await refusalOf(build(file, ...elsewhere));
  expect(refused.message).toContain('removed-command:lib:tool');
  // A published package that is gone cannot be compared with.
  fs.rmSync(path.join(published, 'x86_64/lib-1-r0.apk'));
  const { talk } = await build(file, ...elsewhere);
  expect(talk).toMatch(/warning: lib-1-r0 is published, and its file is not there as it was/);
});

test('a package that is not built any more is missed, a first one is not', async () => {
  const sub =
    'subpackages: [{name: lib-dev, description: x, pipeline: [{runs: "mkdir -p \\"${{targets.contextdir}}/usr/share/y\\""}]}]\n';
  const withSub = builds.put('tree/lib.yaml', '');
  fs.writeFileSync(withSub, `${fs.readFileSync(recipe('lib', {}), 'utf8')}${sub}`);
  expect((await build(withSub)).code).toBe(0);
  const refused = await refusalOf(build(recipe('lib', { epoch: 1 })));
  expect(refused.message).toContain('removed-package:lib-dev: the package "lib-dev" is not built');
});
