import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PackageBuilds } from '../local/testing.ts';

let builds: PackageBuilds;

beforeAll(async () => {
  builds = await PackageBuilds.open(['bash', 'mkdir', 'cat']);
});
afterAll(() => builds[Symbol.dispose]());

/** A recipe whose build and tests say `SAID` and what a script prints. */
function recipe(name: string, steps: { build?: string; test?: string; sub?: string }): string {
  const say = (script = 'true'): string => JSON.stringify([{ runs: script }]);
  return builds.put(
    `${name}.yaml`,
    `package: {name: ${name}, version: "1", epoch: 0, timeout: 0s, copyright: [{license: MIT}]}
environment: {contents: {packages: [tools]}}
pipeline: ${say(steps.build)}
test: {environment: {contents: {packages: [tools]}}, pipeline: ${say(steps.test)}}
subpackages:
  - name: ${name}-sub
    test: {environment: {contents: {packages: [tools]}}, pipeline: ${say(steps.sub)}}
`,
  );
}

const files = (folder: string): readonly string[] =>
  fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];

test('a workspace that is named holds what lay there, and goes or is emptied afterwards', async () => {
  const named = path.join(builds.folder, 'named');
  const own = path.join(named, 'x86_64');
  const file = recipe('named', { build: 'cat left; echo new >made' });
  const put = (): void => {
    fs.mkdirSync(own, { recursive: true });
    fs.writeFileSync(path.join(own, 'left'), 'lay here\n');
  };
  const words = ['build', '--empty-workspace', '--workspace-dir', named];
  put();
  const built = await builds.melange([...words, file]);
  expect(built).toMatchObject({ code: 0 });
  expect(built.talk).toMatch(/lay here/);
  expect(files(named)).toEqual([]);
  put();
  expect(await builds.melange([...words, '--rm=false', file])).toMatchObject({ code: 0 });
  expect(files(own)).toEqual([]);
  const failing = recipe('failing', { build: 'echo new >made; exit 1' });
  expect(await builds.melange([...words, '--rm=false', failing])).toMatchObject({ code: 1 });
  expect(files(own)).toEqual(['made', 'melange-out']);
});

test('a folder of sources that is not there is empty', async () => {
  const file = recipe('absent', { build: '[ ! -e .melange.gcc.spec ]' });
  const words = ['build', '--source-dir', path.join(builds.folder, 'absent')];
  expect(await builds.melange([...words, file])).toMatchObject({ code: 0 });
});

test('all tests have one workspace with all sources, and no options', async () => {
  const source = path.join(builds.folder, 'source');
  fs.mkdirSync(source);
  fs.writeFileSync(path.join(source, '.melangeignore'), 'a.log\n');
  fs.writeFileSync(path.join(source, 'a.log'), 'ignored by builds alone\n');
  const file = recipe('tests', { test: 'cat a.log; echo kept >made', sub: 'cat made' });
  expect(await builds.melange(['build', '--empty-workspace', file])).toMatchObject({ code: 0 });
  const packages = ['-r', `${builds.folder}/melange`, '--ignore-signatures'];
  const words = ['test', ...packages, '--source-dir', source, '--timeout', '1ms'];
  const tested = await builds.melange([...words, file]);
  expect(tested.talk).toMatch(/ignored by builds alone[^]*kept/);
  expect(tested).toMatchObject({ code: 0 });
  // Without sources nobody makes the folder.
  const nowhere = ['--workspace-dir', path.join(builds.folder, 'nowhere')];
  expect(await builds.melange(['test', ...packages, ...nowhere, file])).toMatchObject({ code: 1 });
});

test('a workspace that is named stays where a test fails, and goes with what passed or nothing', async () => {
  const named = path.join(builds.folder, 'tested');
  const own = path.join(named, 'x86_64');
  const passing = recipe('passing', {});
  expect(await builds.melange(['build', '--empty-workspace', passing])).toMatchObject({ code: 0 });
  const failing = builds.put(
    'passing.yaml',
    fs
      .readFileSync(passing, 'utf8')
      .replace('"runs":"true"}]}\nsub', '"runs":"echo >made; false"}]}\nsub'),
  );
  const untested = builds.put(
    'untested.yaml',
    'package: {name: untested, version: "1", epoch: 0}\n',
  );
  const packages = ['-r', `${builds.folder}/melange`, '--ignore-signatures'];
  const words = ['test', ...packages, '--workspace-dir', named];
  fs.mkdirSync(own, { recursive: true });
  expect(await builds.melange([...words, failing])).toMatchObject({ code: 1 });
  expect(files(own)).toEqual(['made']);
  expect(await builds.melange([...words, untested])).toMatchObject({ code: 0 });
  expect(files(named)).toEqual([]);
  fs.rmdirSync(named);
  expect(await builds.melange([...words, untested])).toMatchObject({ code: 0 });
  expect(fs.existsSync(named)).toBe(false);
});
