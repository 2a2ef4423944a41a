import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { KilnError } from '@kiln/base';
import { TestRepositories } from '@kiln/git-sources/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PackageBuilds } from './testing.ts';

/** Seconds to sleep that no other process does, such as another clone's tests beside these: of a number, with this process's. */
const asleep = (seconds: number): string => `${seconds}.${process.pid}`;

/**
 * What recipes get wrong, and what steps do that they should not: each ends `kiln package build` with one error that has a
 * code, a place in the recipe and a hint, keeps the workspace for who asked for it, and leaves no package. A full disk is in
 * `debugging.world.test.ts`.
 */

let builds: PackageBuilds;
let upstream: TestRepositories;
let server: http.Server;
let address = '';

beforeAll(async () => {
  const programs = ['bash', 'mkdir', 'chmod', 'ln', 'rm', 'cat', 'patch', 'mkfifo', 'mknod'];
  const more = [
    'sleep',
    'cp',
    'tar',
    'sha256sum',
    'sed',
    'wget',
    'grep',
    'gzip',
    'tr',
    'head',
    'cut',
    'dirname',
    'basename',
    'git',
  ];
  builds = await PackageBuilds.open([...programs, ...more]);
  upstream = new TestRepositories();
  upstream.init('up');
  upstream.commit('up', { a: '1' });
  upstream.git('up', 'tag', 'v1');
  server = http.createServer((request, response) => {
    if (request.url === '/absent.tar.gz') response.writeHead(404);
    response.end('other bytes');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  upstream[Symbol.dispose]();
  builds[Symbol.dispose]();
});

interface Case {
  readonly name: string;
  /** The pipeline's steps, from line 4 on; or `recipe`, the whole. */
  readonly steps?: string;
  readonly recipe?: string;
  /** More of the package's facts. */
  readonly facts?: string;
  /** Files beside the recipe. */
  readonly files?: Readonly<Record<string, string>>;
  readonly words?: readonly string[];
  readonly code: string;
  readonly line: number;
  /** The file of that line, where it is not the recipe. */
  readonly at?: string;
  /** The recipe's line, where the error is in a pipeline that comes with Kiln. */
  readonly usedAt?: number;
  readonly says: RegExp;
  readonly hint: RegExp;
  /** Whether a step ran, so that there is a workspace to keep. */
  readonly ran?: true;
}

const dir = '${{targets.destdir}}';
const step = (script: string): string => `  - name: bad\n    runs: |\n      ${script}\n`;
const checkout = (what: string, repository = 'REPOSITORY'): string =>
  `  - runs: "true"\n  - uses: git-checkout\n    with: {repository: "${repository}", ${what}, expected-commit: "${'1'.repeat(40)}"}\n`;
const digest = createHash('sha256').update('right bytes').digest('hex');
const found = createHash('sha256').update('other bytes').digest('hex');

const languageCases: readonly Case[] = [
  {
    name: 'an unknown key',
    recipe: 'package: {name: x, version: "1", epoch: 0}\nzzz: 1\n',
    code: 'YAML_UNKNOWN_KEY',
    line: 2,
    says: /unknown key "zzz"/,
    hint: /known keys: package, environment/,
  },
  {
    name: 'a misspelt key',
    steps: '  - run: "true"\n',
    code: 'YAML_UNKNOWN_KEY',
    line: 4,
    says: /unknown key "run" in pipeline\.0/,
    hint: /did you mean "runs"\?/,
  },
  {
    name: 'a wrong type',
    steps: '  - runs: [a]\n',
    code: 'YAML_TYPE',
    line: 4,
    says: /pipeline\.0\.runs: expected a string, got a list/,
    hint: /write text on one line/,
  },
  {
    name: 'a list in the place of the recipe',
    recipe: '- a\n',
    code: 'YAML_TYPE',
    line: 1,
    says: /expected a mapping, got a list/,
    hint: /lines of "key: value"/,
  },
  {
    name: 'broken YAML',
    recipe: 'package: {name: [\n',
    code: 'YAML_INVALID',
    line: 2,
    says: /must be sufficiently indented/,
    hint: /quotes and brackets/,
  },
  {
    name: 'an unknown variable',
    steps: step('echo ${{vars.absent}}'),
    code: 'RECIPE_VARIABLE_UNKNOWN',
    line: 4,
    says: /unknown variable "vars\.absent" in runs/,
    hint: /define one of your own under vars/,
  },
  {
    name: 'a bad condition',
    steps: '  - if: ${{build.arch}} = "x86_64"\n    runs: "true"\n',
    code: 'RECIPE_CONDITION_INVALID',
    line: 4,
    says: /expected "==" or "!="/,
    hint: /compares quoted strings or variables/,
  },
  {
    name: 'an unknown pipeline',
    steps: '  - uses: no/such\n',
    code: 'RECIPE_PIPELINE_UNKNOWN',
    line: 4,
    says: /unknown pipeline "no\/such"/,
    hint: /add no\/such\.yaml to a folder of pipelines/,
  },
  {
    name: 'a missing input',
    steps: '  - uses: fetch\n',
    code: 'RECIPE_INPUT_INVALID',
    line: 4,
    says: /pipeline "fetch" needs the input "uri"/,
    hint: /under "with"/,
  },
  {
    name: 'an unknown input',
    steps: '  - uses: strip\n    with: {stripp: 1}\n',
    code: 'RECIPE_INPUT_INVALID',
    line: 4,
    says: /pipeline "strip" has no input "stripp"/,
    hint: /its inputs: opts/,
  },
  {
    name: 'pipelines in a circle',
    steps: '  - uses: a\n',
    files: {
      'circle/a.yaml': 'pipeline: [{uses: b}]\n',
      'circle/b.yaml': '# b\npipeline: [{uses: a}]\n',
    },
    words: ['--pipeline-dir', 'circle'],
    code: 'RECIPE_PIPELINE_CYCLE',
    line: 2,
    at: 'circle/b.yaml',
    says: /in a circle: a -> b -> a/,
    hint: /do without the next/,
  },
];

const worldCases: readonly Case[] = [
  {
    name: 'a package that nobody has',
    recipe:
      'package: {name: x, version: "1", epoch: 0}\nenvironment: {contents: {packages: [tools, absent]}}\n',
    code: 'GUEST_UNSOLVED',
    line: 1,
    says: /nothing provides "absent"/,
    hint: /add a repository that has it/,
  },
  {
    name: 'a source without a digest',
    steps:
      '  - uses: fetch\n    with: {uri: "https://example.org/a.tar.gz", expected-none: true}\n',
    code: 'RECIPE_FETCH_UNPINNED',
    line: 4,
    says: /names no digest/,
    hint: /add expected-sha256/,
  },
  {
    name: 'a source of another digest',
    steps: `  - uses: fetch\n    with: {uri: "ADDRESS/a.tar.gz", expected-sha256: ${digest}}\n`,
    code: 'SOURCE_DIGEST_MISMATCH',
    line: 4,
    says: new RegExp(`${found}.*${digest}|${digest}.*${found}`),
    hint: /./,
  },
  {
    name: 'a source that is gone',
    steps: `  - uses: fetch\n    with: {uri: "ADDRESS/absent.tar.gz", expected-sha256: ${digest}}\n`,
    code: 'SOURCE_UNAVAILABLE',
    line: 4,
    says: /absent\.tar\.gz|127\.0\.0\.1/,
    hint: /./,
  },
  {
    name: 'a checkout without a commit',
    steps: '  - uses: git-checkout\n    with: {repository: REPOSITORY, tag: v1}\n',
    code: 'RECIPE_FETCH_UNPINNED',
    line: 4,
    says: /names no commit|expected-commit/,
    hint: /expected-commit/,
  },
  {
    name: 'a checkout whose tag is another commit',
    steps: checkout('tag: v1'),
    code: 'SOURCE_COMMIT_MISMATCH',
    line: 5,
    says: /tag v1 is commit [0-9a-f]{40}, not 1{40}/,
    hint: /update expected-commit/,
  },
  {
    name: 'a checkout of a branch that is not there',
    steps: checkout('branch: gone'),
    code: 'SOURCE_REF_MISSING',
    line: 5,
    says: /has no branch gone/,
    hint: /compare with what upstream has/,
  },
  {
    name: 'a checkout from where nothing answers',
    steps: checkout('tag: v1', 'http://127.0.0.1:9/up'),
    code: 'SOURCE_UNAVAILABLE',
    line: 5,
    says: /127\.0\.0\.1:9\/up: .*connect/,
    hint: /check the network and the address/,
  },
  {
    name: 'a checkout over SSH',
    steps: checkout('tag: v1', 'ssh://git@example.org/up'),
    code: 'SOURCE_ADDRESS_REFUSED',
    line: 5,
    says: /not an address to fetch from: ssh:/,
    hint: /begins with https/,
  },
];

const stepCases: readonly Case[] = [
  {
    name: 'a patch that is not there',
    steps: '  - uses: patch\n    with: {patches: absent.patch}\n',
    code: 'BUILD_STEP_FAILED',
    line: 21,
    usedAt: 4,
    says: /\n {2}\| .*absent\.patch/,
    hint: /./,
    ran: true,
  },
  {
    name: 'a patch that does not apply',
    steps: '  - runs: echo one > file\n  - uses: patch\n    with: {patches: bad.patch}\n',
    files: { 'bad/bad.patch': '--- a/file\n+++ b/file\n@@ -1 +1 @@\n-two\n+three\n' },
    code: 'BUILD_STEP_FAILED',
    line: 21,
    usedAt: 5,
    says: /\n {2}\| .*Hunk #1 FAILED at 1/,
    hint: /./,
    ran: true,
  },
  {
    name: 'a step that fails',
    steps: step('echo last words; exit 3'),
    code: 'BUILD_STEP_FAILED',
    line: 4,
    says: /step "bad: bad" ended with exit code 3\n {2}\| last words$/,
    hint: /its log says why/,
    ran: true,
  },
  {
    name: 'a program that is missing',
    steps: step('configure-it'),
    code: 'BUILD_STEP_FAILED',
    line: 4,
    says: /exit code 127\n {2}\| .*configure-it: command not found/,
    hint: /add the package with that program/,
    ran: true,
  },
  {
    name: 'a step that hangs',
    facts: ', timeout: 4s',
    steps: step(`echo waiting; sleep ${asleep(98811)}`),
    code: 'BUILD_TIMED_OUT',
    line: 4,
    says: /it was at step "bad: bad"\n {2}\| waiting$/,
    hint: /raise package\.timeout/,
    ran: true,
  },
  {
    name: 'a step that forks without end',
    facts: ', timeout: 4s',
    steps: step(`while sleep ${asleep(98812)} & do :; done`),
    code: 'BUILD_TIMED_OUT',
    line: 4,
    says: /it was at step "bad: bad"/,
    hint: /raise package\.timeout/,
    ran: true,
  },
  {
    name: 'a step that tries the network',
    steps: step('exec 3<>/dev/tcp/example.org/80'),
    code: 'BUILD_STEP_FAILED',
    line: 4,
    says: /\n {2}\| .*example\.org: Temporary failure in name resolution/,
    hint: /steps have no network: .* kiln\.network/,
    ran: true,
  },
  {
    name: 'a step that makes a device',
    steps: step(`mkdir -p ${dir}/dev; mknod ${dir}/dev/null c 1 3`),
    code: 'BUILD_STEP_FAILED',
    line: 4,
    says: /\n {2}\| .*dev\/null.*: Operation not permitted/,
    hint: /what it tries takes rights that steps do not have/,
    ran: true,
  },
  {
    name: 'a fifo',
    steps: step(`mkdir -p ${dir}/usr; mkfifo ${dir}/usr/pipe`),
    code: 'BUILD_TREE_REFUSED',
    line: 1,
    says: /package "bad": "usr\/pipe" is a fifo/,
    hint: /change the recipe/,
    ran: true,
  },
  {
    name: 'a set-uid program',
    steps: step(
      `mkdir -p ${dir}/usr/bin; echo x > ${dir}/usr/bin/su; chmod 4755 ${dir}/usr/bin/su`,
    ),
    code: 'BUILD_LINT_FAILED',
    line: 1,
    says: /usr\/bin\/su \(mode: 4755, setuid\)/,
    hint: /checks\.disabled/,
    ran: true,
  },
  {
    name: 'a link out of the package',
    steps: step(`mkdir -p ${dir}/usr; ln -s ../../etc/passwd ${dir}/usr/passwd`),
    code: 'BUILD_TREE_REFUSED',
    line: 1,
    says: /"usr\/passwd" links above the root/,
    hint: /change the recipe/,
    ran: true,
  },
  {
    name: 'a link out of the workspace in the place of the package',
    steps: step(`rm -r ${dir}; ln -s /etc ${dir}`),
    code: 'BUILD_TREE_REFUSED',
    line: 1,
    says: /"bad" of the build is not a directory/,
    hint: /leave melange-out and the trees below it as directories/,
    ran: true,
  },
];

const allCases = [...languageCases, ...worldCases, ...stepCases];

/** The recipe of a case, alone in a folder with the files that belong to it. */
function place(bad: Case): string {
  fs.rmSync(path.join(builds.folder, 'cases'), { recursive: true, force: true });
  const recipe =
    bad.recipe ??
    `package: {name: bad, version: "1", epoch: 0, copyright: [{license: MIT}]${bad.facts ?? ''}}
environment: {contents: {packages: [tools]}}
pipeline:
${bad.steps ?? ''}`;
  for (const [name, content] of Object.entries(bad.files ?? {}))
    builds.put(`cases/${name}`, content);
  return builds.put(
    'cases/bad.yaml',
    recipe.replaceAll('ADDRESS', address).replace('REPOSITORY', upstream.url('up')),
  );
}

async function failure(run: Promise<unknown>): Promise<KilnError> {
  try {
    await run;
  } catch (error) {
    if (error instanceof KilnError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test.for(allCases)('$name', async (bad) => {
  const file = place(bad);
  const folder = path.dirname(file);
  const words = (bad.words ?? []).map((word) =>
    word === 'circle' ? path.join(folder, word) : word,
  );
  const error = await failure(builds.build(file, ['--debug', ...words]));
  const inPipeline = path.join(import.meta.dirname, '../../../../catalog/pipelines/patch.yaml');
  const own = bad.at === undefined ? file : path.join(folder, bad.at);
  const at = bad.usedAt === undefined ? own : inPipeline;
  expect(error).toMatchObject({ code: bad.code, position: { file: at, line: bad.line } });
  expect(error.message).toContain(`${at}:${bad.line}:`);
  expect(error.message).toContain(bad.usedAt === undefined ? '' : `used at ${file}:${bad.usedAt},`);
  expect(error.message).toMatch(bad.says);
  expect(error.hint).toMatch(bad.hint);
  const workspace = path.join(builds.folder, 'cache/debug/x86_64/bad');
  expect(fs.existsSync(path.join(workspace, 'workspace'))).toBe(bad.ran === true);
  expect(error.hint?.includes(workspace)).toBe(bad.ran === true);
  fs.rmSync(workspace, { recursive: true, force: true });
  // Nothing is published, and no index says otherwise.
  expect(fs.existsSync(path.join(builds.folder, 'packages'))).toBe(false);
  expectNobodyAsleep();
});

function expectNobodyAsleep(): void {
  const lines = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  for (const seconds of [98811, 98812]) expect(lines).not.toContain(`sleep ${asleep(seconds)}`);
}

/**
 * Those whose way through `kiln melange build` is another one: errors are lines of a log, steps fetch for themselves, have the
 * machine's network and, for root, its rights. What melange packs is packed: a fifo, links above the root.
 */
const melangeCases: Readonly<Record<string, RegExp>> = {
  'an unknown key': /bad\.yaml:2:1: unknown key "zzz"\n {2}hint: known keys: /,
  'an unknown pipeline': /bad\.yaml:4:5: unknown pipeline .*\n {2}hint: .*--pipeline-dir/,
  'a package that nobody has':
    /bad\.yaml:1:\d+: .*nothing provides "absent"\n {2}hint: .*add a repository that has it/,
  'a source of another digest':
    /fetch\.yaml:\d+:5: step "bad: fetch", used at \S+bad\.yaml:4, ended with exit code 1\n[^]*has sha256 \w+, not \w+\n {2}hint: /,
  'a source that is gone': /used at \S+bad\.yaml:4,[^]*absent\.tar\.gz is not in [^]*\n {2}hint: /,
  'a patch that is not there':
    /patch\.yaml:21:5: step "bad: patch", used at \S+bad\.yaml:4, [^]*no such patch: absent\.patch\n {2}hint: /,
  'a step that fails':
    /bad\.yaml:4:5: step "bad: bad" ended with exit code 3\n {2}\| last words\n {2}hint: its log says why/,
  'a step that hangs': /bad\.yaml:4:5: .*took too long; .*\n {2}\| waiting\n {2}hint: raise /,
  'a step that tries the network':
    /bad\.yaml:4:5: [^]*example\.org: .*\n[^]* {2}hint: steps have the network of this machine/,
  'a step that makes a device': /bad\.yaml:\d+:\d+: [^]*dev\/null[^]*\n {2}hint: /,
  'a set-uid program':
    /bad\.yaml:1:\d+: [^]*usr\/bin\/su \(mode: 4755, setuid\)\n {2}hint: .*checks\.disabled/,
  'a link out of the workspace in the place of the package':
    /bad\.yaml:1:\d+: "bad" of the build is not a directory\n {2}hint: /,
};

test.for(Object.entries(melangeCases))('%s, in melange’s way', async ([name, says]) => {
  const bad = allCases.find((one) => one.name === name);
  if (bad === undefined) throw new Error(`no such case: ${name}`);
  const file = place(bad);
  const { code, talk } = await builds.melange(['build', '--empty-workspace', file]);
  expect(code).toBe(1);
  expect(talk.match(/^ERRO /gm)).toHaveLength(1);
  const error = talk.slice(talk.indexOf('ERRO '));
  expect(error).toMatch(says);
  expect(fs.existsSync(path.join(builds.folder, 'melange'))).toBe(false);
  expectNobodyAsleep();
});

test('a test that wants what nobody has, or a package that was not built, has its place', async () => {
  const wanting = builds.put(
    'wanting.yaml',
    `# a\npackage: {name: wanting, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [tools]}}
pipeline: [{runs: 'mkdir -p "${dir}/usr"'}]
test:
  environment: {contents: {packages: [tools, zz-absent]}}
  pipeline: [{runs: "true"}]
`,
  );
  const unbuilt = await failure(builds.test(wanting));
  expect(unbuilt).toMatchObject({ code: 'GUEST_UNSOLVED', position: { file: wanting, line: 2 } });
  expect(unbuilt.message).toMatch(/test of wanting: .*"wanting=1-r0"/);
  await builds.build(wanting);
  const wants = await failure(builds.test(wanting));
  expect(wants).toMatchObject({ code: 'GUEST_UNSOLVED', position: { file: wanting, line: 2 } });
  expect(wants.message).toMatch(/test of wanting: .*nothing provides "zz-absent"/);
  fs.rmSync(path.join(builds.folder, 'packages'), { recursive: true });
});

test('what is wrong with a repository has no place in the recipe', async () => {
  const index = path.join(builds.folder, 'tools/x86_64/APKINDEX.tar.gz');
  const bytes = fs.readFileSync(index);
  fs.writeFileSync(index, bytes.subarray(0, 100));
  try {
    const error = await failure(
      builds.build(place({ ...stepCases[0], steps: step('true') } as Case)),
    );
    expect(error).toMatchObject({ position: undefined });
    expect(error.message).toContain(path.dirname(path.dirname(index)));
  } finally {
    fs.writeFileSync(index, bytes);
  }
});

test('what a step writes outside of its tree reaches neither the package nor the host', async () => {
  const script = [
    `mkdir -p ${dir}/usr/share`,
    'echo x > /etc/outside; echo x > ../../outside; echo x > melange-out/outside',
    `ln -s /etc/outside ${dir}/usr/share/link`,
  ];
  const file = place({ ...stepCases[0], steps: step(script.join('; ')) } as Case);
  const { rows } = await builds.build(file);
  const listed = execFileSync('tar', ['-tzf', rows[0]?.packages[0]?.file ?? ''], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  expect(listed).toContain('usr/share/link');
  expect(listed).not.toContain('outside');
  for (const outside of ['/etc/outside', '/outside', path.join(builds.folder, 'outside')])
    expect(fs.existsSync(outside)).toBe(false);
});
