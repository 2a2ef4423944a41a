import { KilnError, digestOf, silentLogger } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { SandboxRequest, SandboxResult, Workspace } from '@kiln/build';
import type { BuiltPackage, TestBundle } from '@kiln/factory';
import { LockMemo } from '@kiln/factory';
import { MemoryRecords, buildResult, builtPackage } from '@kiln/factory/testing';
import type { Key, Outcome, ReconcileContext } from '@kiln/queue';
import { beforeEach, expect, test } from 'vitest';
import { testReconciler } from './reconcile.ts';

const key: Key = 'test:zip@x86_64';
const zip: Key = 'package:zip@x86_64';
const shell: Key = 'package:shell@x86_64';
const recipe = `package: {name: zip, version: "1", epoch: 0}
test:
  environment: {contents: {packages: [shell]}}
  pipeline: [{name: It packs, runs: zip --version}]
subpackages:
  - name: zip-dev
    test: {pipeline: [{name: It links, runs: cc}]}
`;

let records: MemoryRecords;
let blobs: MemoryBlobs;
/** What the sandbox was asked to run, and with which packages in its root. */
let ran: { readonly script: string; readonly root: string }[];
let log: string;
let answer: (request: SandboxRequest) => SandboxResult;

const settings = {
  name: 'os',
  namespace: 'example',
  epochSeconds: 1,
  environmentPackages: [],
  fromSeed: [],
  variables: { CFLAGS: '-O2' },
};

async function want(source = recipe, optional: readonly Key[] = []): Promise<void> {
  const guest = { world: [], seed: false, closure: [shell], optional };
  const bundle: TestBundle = {
    kind: 'test',
    name: 'zip',
    arch: 'x86_64',
    settings,
    file: 'recipes/zip.yaml',
    source,
    pipelines: {},
    package: zip,
    guests: [
      { ...guest, package: 'zip' },
      { ...guest, package: 'zip-dev', closure: [] },
    ],
    seed: 'seed:x86_64',
  };
  await records.want(blobs, key, bundle, [zip, shell]);
}

const build = (of: Key, ...packages: readonly BuiltPackage[]): Promise<void> =>
  records.finish(of, buildResult(packages));

const zipOf = (content: string, facts: Partial<BuiltPackage['record']> = {}): BuiltPackage =>
  builtPackage({ name: 'zip', version: '1-r0', ...facts }, content);
const dev = builtPackage({ name: 'zip-dev', version: '1-r0', origin: 'zip' });

function emptyWorkspace(): Workspace {
  return {
    hostPath: '/workspace',
    write: async () => undefined,
    makeDirectory: async () => undefined,
    readTree: async function* () {},
    list: async () => [],
    read: async () => undefined,
    remove: async () => undefined,
  };
}

async function look(): Promise<Outcome> {
  const reconciler = testReconciler(
    {
      records,
      locks: new LockMemo(),
      blobs,
      opener: { open: async () => Promise.reject(new Error('no root is unpacked')) },
      environments: { ensure: async (lock) => lock },
      sandbox: {
        run: async (request) => {
          const [root = ''] = request.roots;
          ran.push({ script: request.argv[2] ?? '', root });
          request.onOutput(Buffer.from('a last word\n'));
          expect(request.network).toBe('none');
          return answer(request);
        },
      },
      sources: { fetch: async () => Promise.reject(new Error('nothing is fetched')) },
      git: { fetch: async () => Promise.reject(new Error('nothing is fetched')) },
      workspaces: { create: async () => emptyWorkspace() },
      logs: {
        open: () => ({
          reference: 'log',
          write: (chunk) => void (log += String(chunk)),
          close: () => undefined,
        }),
      },
      clock: { now: () => 0 },
      builder: { name: 'kiln', version: '1' },
    },
    1,
  );
  const context = {
    signal: new AbortController().signal,
    attemptId: 'a',
    logger: silentLogger,
    attachLog: async () => undefined,
  } as unknown as ReconcileContext;
  return reconciler.reconcile(key, context);
}

const scripts = (): readonly string[] =>
  ran.map(({ script }) => (/zip --version|cc/.exec(script) ?? [''])[0]);

beforeEach(async () => {
  records = new MemoryRecords();
  blobs = new MemoryBlobs();
  ran = [];
  log = '';
  answer = () => ({ kind: 'exited', exitCode: 0 });
  await want();
  await build(shell, builtPackage({ name: 'shell', version: '5-r0' }));
  await build(zip, zipOf('first'), dev);
});

test('every package that has one is tested, and what passed is recorded for the files', async () => {
  expect(await look()).toEqual({ kind: 'done' });
  expect(scripts()).toEqual(['zip --version', 'cc']);
  expect(ran[0]?.root).not.toBe(ran[1]?.root);
  const state = await records.state(key);
  expect(state?.status).toBe('ready');
  expect(await records.action(state?.action ?? digestOf(''))).toEqual({
    kind: 'test',
    apks: [zipOf('first').apk, dev.apk],
    tests: [
      { package: 'zip', durationMs: 0 },
      { package: 'zip-dev', durationMs: 0 },
    ],
  });
  expect(log).toContain('zip: It packs | a last word\n');
});

test('it waits for the package and for what may enter its guest', async () => {
  await records.want(blobs, shell, {
    kind: 'index',
    repository: 'new',
    arch: 'x86_64',
    packages: [],
    below: [],
    tests: [],
  });
  await look();
  expect(await records.state(key)).toMatchObject({ status: 'waiting', waitingFor: [shell] });
  expect(ran).toEqual([]);
});

test('what passed is not run again, by whatever it was looked at for', async () => {
  await look();
  await look();
  await want(`# A comment.\n${recipe}pipeline: [{runs: make}]\n`);
  await look();
  expect(ran).toHaveLength(2);
  expect((await records.state(key))?.status).toBe('ready');
});

test('another file, other steps and another guest are tested again, and nothing else is', async () => {
  await look();
  ran = [];
  await build(zip, zipOf('second'), dev);
  await look();
  expect(scripts()).toEqual(['zip --version']);
  ran = [];
  await want(recipe.replace('runs: cc', 'runs: cc --help'));
  await look();
  expect(scripts()).toEqual(['cc']);
  ran = [];
  await build(shell, builtPackage({ name: 'shell', version: '6-r0' }));
  await look();
  expect(scripts()).toEqual(['zip --version']);
});

test('a failed test parks the key with its last words, and what passed before stays', async () => {
  await look();
  const passed = (await records.state(key))?.action;
  await build(zip, zipOf('second'), dev);
  answer = () => ({ kind: 'exited', exitCode: 3 });
  expect(await look()).toMatchObject({ kind: 'nonRetriable', park: true });
  expect(await records.state(key)).toMatchObject({
    status: 'failed',
    errorCode: 'PACKAGE_TEST_FAILED',
    errorMessage: expect.stringMatching(/recipes\/zip\.yaml:4.* zip: .*exit code 3; a last word/),
    action: passed,
  });
  expect(log).toContain('error[PACKAGE_TEST_FAILED]');
  answer = () => ({ kind: 'exited', exitCode: 0 });
  await look();
  expect((await records.state(key))?.status).toBe('ready');
});

test('a test that passed before another one failed is not run again', async () => {
  answer = ({ argv }) => ({ kind: 'exited', exitCode: argv[2]?.includes('cc') === true ? 1 : 0 });
  await look();
  expect(scripts()).toEqual(['zip --version', 'cc']);
  ran = [];
  await look();
  expect(scripts()).toEqual(['cc']);
});

test('the guest holds the very file that was built, whatever other version could enter it', async () => {
  await look();
  const other = builtPackage({ name: 'zip', version: '9-r0', origin: 'shell' });
  await build(shell, builtPackage({ name: 'shell', version: '5-r0' }), other);
  await look();
  expect(ran).toHaveLength(2);
});

test('a guest that does not resolve alone waits for the recipes that the seed plays elsewhere', async () => {
  const libc: Key = 'package:libc@x86_64';
  await want(recipe, [libc]);
  await build(zip, zipOf('first', { depends: ['so:libc.so.6'] }), dev);
  await look();
  expect(await records.state(key)).toMatchObject({ status: 'waiting', waitingFor: [libc] });
  await build(libc, builtPackage({ name: 'libc', version: '2-r0', provides: ['so:libc.so.6=6'] }));
  await look();
  expect((await records.state(key))?.status).toBe('ready');
});

test('a guest that nothing resolves is named', async () => {
  await build(zip, zipOf('first', { depends: ['so:libc.so.6'] }), dev);
  expect(await look()).toMatchObject({ kind: 'nonRetriable', park: true });
  expect(await records.state(key)).toMatchObject({
    errorCode: 'PACKAGE_TEST_UNSOLVED',
    errorMessage: expect.stringMatching(/^recipes\/zip\.yaml:1:.*so:libc\.so\.6/),
  });
});

test('a trouble that passes is none of the test’s', async () => {
  answer = () => {
    throw new KilnError('SIGNER_UNAVAILABLE', 'away', { retry: 'later' });
  };
  expect(await look()).toMatchObject({ kind: 'requeueAfter' });
});

test('a recipe that has no test any more leaves no state', async () => {
  await look();
  await records.retainCatalogs([]);
  expect(await look()).toEqual({ kind: 'done' });
  expect(await records.state(key)).toBeUndefined();
});
