import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { testKey, testPackage, testRepository, type TestFiles } from '@kiln/apk-client/testing';
import { generateKeyFiles } from '@kiln/apk-files';
import { systemRandom } from '@kiln/base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseInvocation } from '../command.ts';
import { packageBuild } from '../commands/package-build.ts';
import { readConfig } from '../config.ts';
import { runMelange } from '../melange/dispatch.ts';

const repositoryKey = testKey('tools.rsa.pub');
let folder = '';

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'kiln-package-build-'));
  const tools = testPackage('tools=1-r0', hostTools(['bash', 'mkdir', 'chmod']));
  for (const [file, bytes] of testRepository([tools], repositoryKey)) put(`tools/${file}`, bytes);
  put('tools.rsa.pub', repositoryKey.publicPem);
  await generateKeyFiles({
    path: path.join(folder, 'own.rsa'),
    bits: 2048,
    present: 'refuse',
    random: systemRandom,
  });
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Programs of the host with the libraries they need, as the files of a guest. */
function hostTools(names: readonly string[]): TestFiles {
  const programs = new Map(
    names.map((name) => [
      `usr/bin/${name}`,
      execFileSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).trim(),
    ]),
  );
  const libraries = [...programs.values()].flatMap((file) =>
    [...execFileSync('ldd', [file], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map(
      ([, library = '']) => library,
    ),
  );
  const files = new Map<string, string | Uint8Array | null>();
  for (const [target, source] of [
    ...programs,
    ...libraries.map((file): [string, string] => [file.replace(/^\/(usr\/)?/, 'usr/'), file]),
  ]) {
    const parts = path.dirname(target).split('/');
    for (const index of parts.keys()) files.set(parts.slice(0, index + 1).join('/'), null);
    files.set(target, fs.readFileSync(source));
  }
  for (const name of ['bin', 'lib', 'lib64'])
    if (files.has(`usr/${name}`)) files.set(name, `-> usr/${name}`);
  files.set('usr/bin/sh', '-> bash');
  files.set('etc', null);
  files.set('etc/passwd', 'build:x:1000:1000::/home/build:/bin/sh\n');
  return Object.fromEntries(files);
}

function put(file: string, content: string | Uint8Array): string {
  const full = path.join(folder, file);
  fs.mkdirSync(path.dirname(full), { recursive: true });
  fs.writeFileSync(full, content);
  return full;
}

function optionWords(options: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
}

interface Run {
  readonly code: number;
  readonly rows: readonly {
    readonly recipe: string;
    readonly result: string;
    readonly packages: readonly { readonly file: string; readonly checksum: string }[];
  }[];
  readonly talk: string;
}

async function build(recipe: string, ...words: readonly string[]): Promise<Run> {
  let out = '';
  let talk = '';
  const print = {
    data: (text: string) => void (out += text),
    talk: (text: string) => void (talk += text),
  };
  const invocation = parseInvocation(
    packageBuild,
    [
      recipe,
      '--json',
      ...optionWords({
        arch: 'x86_64',
        repository: path.join(folder, 'tools'),
        keyring: path.join(folder, 'tools.rsa.pub'),
        date: '1700000000',
        'signing-key': path.join(folder, 'own.rsa'),
        'out-dir': path.join(folder, 'packages'),
        'cache-dir': path.join(folder, 'cache'),
      }),
      ...words,
    ],
    readConfig({}),
    print,
  );
  const code = await packageBuild.run(invocation);
  return { code, rows: JSON.parse(out) as Run['rows'], talk };
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

test('melange builds are linted as the flags say, and keep the results', async () => {
  const file = recipe('setuid', setuid);
  const melange = async (
    ...words: readonly string[]
  ): Promise<{ readonly code: number; readonly talk: string }> => {
    let talk = '';
    const code = await runMelange(
      [
        'build',
        file,
        '--persist-lint-results',
        '--empty-workspace',
        ...optionWords({
          arch: 'x86_64',
          'repository-append': path.join(folder, 'tools'),
          'keyring-append': path.join(folder, 'tools.rsa.pub'),
          'out-dir': path.join(folder, 'melange'),
          'apk-cache-dir': path.join(folder, 'cache/apk'),
          runner: 'bubblewrap',
        }),
        ...words,
      ],
      {
        print: { data: () => undefined, talk: (text) => void (talk += text) },
        environment: { ...process.env, XDG_CACHE_HOME: path.join(folder, 'cache') },
        clock: { now: () => 0 },
        signal: new AbortController().signal,
      },
    );
    return { code, talk };
  };
  const results = path.join(folder, 'melange/x86_64/lint-setuid-1.2-r0.json');
  const failed = await melange();
  expect(failed).toMatchObject({ code: 1, talk: expect.stringContaining('setuidgid') as string });
  expect(JSON.parse(fs.readFileSync(results, 'utf8'))).toMatchObject({
    package_name: 'setuid-1.2-r0',
    findings: { setuidgid: [{}], opt: [{}] },
  });
  expect(fs.existsSync(path.join(folder, 'melange/x86_64/setuid-1.2-r0.apk'))).toBe(false);
  const passed = await melange('--lint-require', 'dev', '--lint-warn', 'setuidgid');
  expect(passed.code).toBe(0);
  expect(fs.existsSync(path.join(folder, 'melange/x86_64/setuid-1.2-r0.apk'))).toBe(true);
});
