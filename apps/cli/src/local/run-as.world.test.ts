import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PackageBuilds } from './testing.ts';

let builds: PackageBuilds;

beforeAll(async () => {
  builds = await PackageBuilds.open(['bash', 'chmod', 'mkdir', 'id']);
});
afterAll(() => builds[Symbol.dispose]());

const users = 'users: [{username: app, uid: 70, gid: 71}, {username: lone, uid: 72}]';

function recipe(name: string, buildAs: string, testAs: string): string {
  const who = `echo "$(id -u):$(id -g)"`;
  return builds.put(
    `${name}.yaml`,
    `package: {name: ${name}, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [tools]}, accounts: {run-as: "${buildAs}", ${users}}}
pipeline:
  - runs: |
      mkdir -p "\${{targets.destdir}}/usr"
      echo "$UID" > "\${{targets.destdir}}/usr/${name}"
      echo "built as $(id -u):$(id -g)"
test:
  environment: {contents: {packages: [tools]}, accounts: {run-as: "${testAs}", ${users}}}
  pipeline: [{runs: '${who}'}]
`,
  );
}

const asRoot = process.getuid?.() === 0;

test.each([
  // Nobody named: the account build, and what melange runs as itself.
  { runAs: '', kiln: '1000:1000', melange: asRoot ? '0:0' : '1000:1000' },
  { runAs: 'root', kiln: '0:0', melange: '0:0' },
  { runAs: 'app', kiln: '70:71', melange: '70:71' },
  { runAs: '70', kiln: '70:71', melange: '70:71' },
  { runAs: 'lone', kiln: '72:72', melange: '72:72' },
  { runAs: '1234', kiln: '1234:1234', melange: undefined },
])('tests run as "$runAs", whoever the build ran as', async ({ runAs, kiln, melange }) => {
  const name = `who-${runAs || 'nobody'}`;
  const file = recipe(name, '', runAs);
  expect((await builds.build(file)).talk).toContain('built as 1000:1000\n');
  expect((await builds.test(file)).talk).toContain(`| ${kiln}\n`);
  expect(await builds.melange(['build', '--empty-workspace', file])).toMatchObject({ code: 0 });
  const packages = ['-r', `${builds.folder}/melange`, '--ignore-signatures'];
  const tested = await builds.melange(['test', ...packages, file]);
  // melange crashes for a number that no account has.
  expect(tested).toMatchObject({ code: melange === undefined ? 1 : 0 });
  const told = melange === undefined ? 'run-as names no account: "1234"' : `INFO *${melange}$`;
  expect(tested.talk).toMatch(new RegExp(told, 'm'));
});

test('a build runs as whom its environment names, and its files are root’s all the same', async () => {
  const file = recipe('who-built', 'app', '');
  const { rows, talk } = await builds.build(file);
  expect(talk).toContain('built as 70:71\n');
  const words = ['--numeric-owner', '-tvzf', rows[0]?.packages[0]?.file ?? '', 'usr/who-built'];
  const listed = execFileSync('tar', [...words, '--warning=no-unknown-keyword'], {
    encoding: 'utf8',
  });
  expect(listed).toMatch(/^-rw-r--r-- 0\/0 /);
  expect((await builds.test(file)).talk).toContain('| 1000:1000\n');
});

test('a user that melange names is the host’s in another name, with rights over what is his own', async () => {
  const melange = (name: string, runs: string): Promise<{ code: number; talk: string }> =>
    builds.melange([
      'build',
      '--empty-workspace',
      builds.put(
        `${name}.yaml`,
        `package: {name: ${name}, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [tools]}, accounts: {run-as: root}}
pipeline: [{runs: '${runs}'}]
`,
      ),
    ]);
  expect(await melange('own-locked', 'mkdir -m 0 x; mkdir x/y; chmod 755 x')).toMatchObject({
    code: 0,
  });
  const alone = await melange('own-map', 'read -r a b c </proc/self/uid_map; [ $c = 1 ]');
  expect(alone).toMatchObject({ code: 0 });
});

test('all steps of melange have one guest, and a workspace that is theirs alone', async () => {
  const file = builds.put(
    'one-guest.yaml',
    `package: {name: one-guest, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [tools]}}
pipeline:
  - runs: 'mkdir -p /tmp/kept /kept; echo here >/kept/a'
  - runs: 'read -r a </kept/a; [ "$a" = here ] && [ -d /tmp/kept ]'
subpackages:
  - name: one-guest-sub
    pipeline: [{runs: '[ -d /tmp/kept ] && mkdir -p "\${{targets.contextdir}}/usr"'}]
    test: {pipeline: [{runs: 'mkdir /tmp/x; [ ! -d /kept ]'}, {runs: '[ -d /tmp/x ]'}]}
`,
  );
  await expect(builds.build(file)).rejects.toMatchObject({ code: 'BUILD_STEP_FAILED' });
  expect(await builds.melange(['build', '--empty-workspace', file])).toMatchObject({ code: 0 });
});

test('where nothing runs, nobody is looked for', async () => {
  const file = builds.put(
    'who-not.yaml',
    `package: {name: who-not, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [tools]}}
pipeline: [{runs: 'mkdir -p "\${{targets.destdir}}/usr"'}]
subpackages:
  - name: who-not-sub
    pipeline: [{runs: 'mkdir -p "\${{targets.contextdir}}/usr"'}]
    test: {environment: {accounts: {run-as: build}}}
`,
  );
  await builds.build(file);
  expect((await builds.test(file)).talk).toContain('who-not-sub: installs; it has no test\n');
});

test('an account that nobody defines is named', async () => {
  const file = recipe('who-absent', '', 'absent');
  await builds.build(file);
  await expect(builds.test(file)).rejects.toMatchObject({
    code: 'RECIPE_INVALID',
    message: expect.stringContaining('run-as names no account: "absent"') as string,
    hint: 'define it under accounts.users of the environment',
  });
});
