import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PackageBuilds, failureOf, optionWords } from './testing.ts';

let builds: PackageBuilds;

beforeAll(async () => {
  builds = await PackageBuilds.open(['bash', 'mkdir', 'cat', 'sleep']);
});
afterAll(() => builds[Symbol.dispose]());

/** Each step says that it ran, on the terminal and in the package. */
function recipe(name: string, second: string, more = ''): string {
  const dir = '"${{targets.destdir}}/usr/share"';
  return builds.put(
    `${name}.yaml`,
    `package: {name: ${name}, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [tools]}}
pipeline:
  - name: first
    runs: mkdir -p ${dir}; echo first >> ${dir}/ran; echo first ran
  - name: second
    working-directory: inner
    runs: |
      ${second}
  - name: third
    runs: echo third >> ${dir}/ran
${more}`,
  );
}

const kept = (name: string): string => path.join(builds.folder, 'cache/debug/x86_64', name);

test('a step that fails says its place, its last lines and a hint, and leaves nothing unasked', async () => {
  const file = recipe('plain', 'echo configuring; no-such-program --now');
  const said = await failureOf(builds.build(file));
  expect(said).toContain('error[BUILD_STEP_FAILED]');
  expect(said).toContain(`${file}:6:`);
  expect(said).toContain('step "plain: second" ended with exit code 127\n  | configuring\n  | ');
  expect(said).toContain('no-such-program: command not found');
  expect(said).toMatch(/hint: add the package with that program/);
  expect(fs.existsSync(kept('plain'))).toBe(false);
});

test('what --debug keeps is where --resume goes on, once what failed is mended', async () => {
  const said = await failureOf(builds.build(recipe('mended', 'exit 3'), ['--debug']));
  const folder = kept('mended');
  expect(said).toContain(`the workspace is in ${folder}; --resume goes on there`);
  const state = JSON.parse(fs.readFileSync(path.join(folder, 'state.json'), 'utf8')) as unknown;
  expect(state).toMatchObject({
    recipe: path.join(builds.folder, 'mended.yaml'),
    name: 'mended',
    version: '1-r0',
    action: expect.stringMatching(/^sha256:/) as string,
    progress: { stepsDone: 1, steps: [{ label: 'mended: first' }, {}, {}] },
  });
  expect(fs.readFileSync(path.join(folder, 'lock.json'), 'utf8')).toContain('"tools"');
  expect(fs.existsSync(path.join(folder, 'workspace/inner'))).toBe(true);

  const dir = '"${{targets.destdir}}/usr/share"';
  const file = recipe('mended', `echo second >> ${dir}/ran; cat ${dir}/ran`);
  const { rows, talk } = await builds.build(file, ['--resume']);
  expect(rows).toMatchObject([{ result: 'built', touched: true }]);
  expect(talk).toContain(`1 of 3 steps are done, going on in ${folder}`);
  expect(talk).toContain('mended: second | first\nmended: second | second\n');
  expect(talk).not.toContain('first ran');
  expect(talk).toContain('build it again before you publish it');
  const apk = rows[0]?.packages[0]?.file ?? '';
  expect(fs.existsSync(apk.replace('.apk', '.attest.tar.gz'))).toBe(false);
  expect(fs.existsSync(folder)).toBe(false);
  // A result that another build had a hand in is not one to remember.
  const again = await builds.build(file);
  expect(again.rows).toMatchObject([{ result: 'built' }]);
  expect(again.rows[0]).not.toHaveProperty('touched');
});

test('a build starts anew, and says why, where a step before the one that failed has changed', async () => {
  const file = recipe('changed', 'exit 3');
  await failureOf(builds.build(file, ['--debug']));
  const text = fs.readFileSync(file, 'utf8');
  fs.writeFileSync(file, text.replace('echo first ran', 'echo first again').replace('exit 3', ':'));
  const { rows, talk } = await builds.build(kept('changed'), ['--resume']);
  expect(talk).toContain('anew:\n  step 1 of 3, "changed: first", was done and has changed\n');
  expect(talk).toContain('first again');
  expect(rows[0]).not.toHaveProperty('touched');
  expect((await builds.build(file, ['--resume'])).rows).toMatchObject([{ result: 'known' }]);
});

test('what another Kiln kept is refused', async () => {
  const file = recipe('foreign', 'exit 3');
  await failureOf(builds.build(file, ['--debug']));
  fs.writeFileSync(path.join(kept('foreign'), 'state.json'), '{"layout": 99}');
  expect(await failureOf(builds.build(file, ['--resume']))).toContain('error[LOCAL_KEPT_INVALID]');
});

test('a look at a build does not go with --check', async () => {
  const file = recipe('plain', 'exit 3');
  expect(await failureOf(builds.build(file, ['--check', '--resume']))).toContain('error[USAGE]');
});

const main = path.join(import.meta.dirname, '../main.ts');

/** `kiln package build` as a process; what it says is collected. */
function start(
  words: readonly string[],
  wrap: (words: readonly string[]) => readonly string[],
): Run {
  const [program = '', ...rest] = wrap([process.execPath, main, 'package', 'build', ...words]);
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  const run: Run = { child, said: '', seen: async () => undefined };
  const heard = (chunk: Buffer): void => void (run.said += chunk.toString());
  child.stdout.on('data', heard);
  child.stderr.on('data', heard);
  run.seen = async (text) => {
    while (!run.said.includes(text)) {
      if (child.exitCode !== null) throw new Error(`it ended: ${run.said}`);
      await Promise.race([
        once(child.stdout, 'data'),
        once(child.stderr, 'data'),
        once(child, 'exit'),
      ]);
    }
  };
  return run;
}

interface Run {
  readonly child: ChildProcess;
  said: string;
  /** Waits until it has said this. */
  seen(text: string): Promise<void>;
}

test('an interrupt ends the build with 130 and keeps what there is', async () => {
  const file = recipe('stopped', 'echo waiting; sleep 300');
  const run = start([file, ...builds.words, '--debug'], (words) => words);
  const ended = once(run.child, 'exit');
  await run.seen('stopped: second | waiting');
  run.child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  expect(run.said).toContain(`kept in ${kept('stopped')}: 1 of 3 steps are done there`);
  expect(run.said).toContain('error[LOCAL_INTERRUPTED]');
  expect(fs.existsSync(path.join(kept('stopped'), 'workspace/inner'))).toBe(true);
  expect(fs.readdirSync(path.join(builds.folder, 'cache/debug'))).toEqual(['x86_64']);
});

/** With a disk of its own for builds, which is full after a few megabytes. */
function onSmallDisk(words: readonly string[]): readonly string[] {
  const disk = path.join(builds.folder, 'small');
  fs.mkdirSync(disk, { recursive: true });
  const enter = 'mount -t tmpfs -o size=8m tmpfs "$0" && TMPDIR=$0 exec "$@"';
  return ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', enter, disk, ...words];
}

test.each([
  ['leaves what it wrote', ''],
  ['takes it away, as compilers do', ' || { rm big; exit 1; }'],
])(
  'a step that fills the disk and %s is told apart from one that fails by itself',
  async (_what, then) => {
    const file = recipe('full', `echo writing; cat /dev/zero > big${then}`);
    const run = start([file, ...builds.words], onSmallDisk);
    expect(await once(run.child, 'exit')).toEqual([75, null]);
    expect(run.said).toContain('full: second | writing');
    expect(run.said).toContain('error[SANDBOX_DISK_FULL]');
    expect(run.said).toContain('step "full: second": a command failed and its disk is full');
  },
);

/** On a terminal, which `script` makes. */
function onTerminal(words: readonly string[]): readonly string[] {
  return ['script', '-qec', words.map((word) => `'${word}'`).join(' '), '/dev/null'];
}

test('a shell opens where a step fails: Ctrl-C is its own, and 0 goes on with the next step', async () => {
  const file = recipe('shell', 'STATE=broken; echo "it is $STATE"; exit 3');
  const run = start([file, ...builds.words, '-i'], onTerminal);
  const ended = once(run.child, 'exit');
  await run.seen('exit 0 goes on');
  await run.seen('$ ');
  // What says that it runs has the terminal, and a Ctrl-C is for it.
  run.child.stdin?.write(`sh -c 'echo "it slee""ps"; sleep 300; :'\n`);
  await run.seen('it sleeps');
  run.child.stdin?.write('\x03');
  await run.seen('^C');
  run.child.stdin?.write('echo "in ${PWD##*/} as $SOURCE_DATE_EPOCH"; sh /tmp/step.sh\n');
  await run.seen('in inner as 1700000000');
  await run.seen('it is broken\r\n');
  run.child.stdin?.write('exit 0\n');
  expect(await ended).toEqual([0, null]);
  expect(run.said).toContain('packages/x86_64/shell-1-r0.apk');
  expect(run.said).toContain('build it again before you publish it');
});

test('a shell that is left with another code ends the build', async () => {
  const file = recipe('ended', 'exit 3');
  const run = start([file, ...builds.words, '-i'], onTerminal);
  const ended = once(run.child, 'exit');
  await run.seen('$ ');
  run.child.stdin?.write('exit 7\n');
  expect(await ended).toEqual([1, null]);
  expect(run.said).toContain('error[BUILD_STEP_FAILED]');
});

test('melange builds have the same shell, and keep what a failed one leaves', async () => {
  const file = recipe('melange', 'exit 3');
  const words = [
    ['melange', 'build', file, '-i', '--debug-runner', '--empty-workspace'],
    optionWords({
      arch: 'x86_64',
      'repository-append': path.join(builds.folder, 'tools'),
      'keyring-append': path.join(builds.folder, 'tools.rsa.pub'),
      'out-dir': path.join(builds.folder, 'melange'),
    }),
  ].flat();
  const environment = `XDG_CACHE_HOME=${path.join(builds.folder, 'xdg')}`;
  const run = start([], () => onTerminal(['env', environment, process.execPath, main, ...words]));
  const ended = once(run.child, 'exit');
  // Where the host's user is root, so is the shell.
  await run.seen('sh-');
  run.child.stdin?.write('exit 1\n');
  expect(await ended).toEqual([1, null]);
  const folder = path.join(builds.folder, 'xdg/kiln/debug/x86_64/melange');
  expect(run.said).toContain(`kept in ${folder}`);
  expect(fs.existsSync(path.join(folder, 'workspace'))).toBe(true);
});
