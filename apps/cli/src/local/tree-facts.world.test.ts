import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readTreeFacts, type TreeFacts, type TreeFactsOptions } from './tree-facts.ts';
import { treeFiles } from './tree-files.ts';

const testdata = fileURLToPath(new URL('../../testdata/tree', import.meta.url));
let folder = '';
let tree = '';
let cache = '';

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-facts-'));
  tree = path.join(folder, 'tree');
  cache = path.join(folder, 'cache');
  fs.cpSync(testdata, tree, { recursive: true });
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** An hour from now every file was written long ago. */
const later = { now: () => Date.now() + 3_600_000 };

function read(options: Partial<TreeFactsOptions> = {}): Promise<TreeFacts> {
  const { recipes, pipelineFolders } = treeFiles([tree]);
  return readTreeFacts({
    reading: {
      dialect: 'kiln',
      commit: '',
      architectures: ['x86_64', 'aarch64'],
      pipelineFolders,
    },
    files: recipes,
    cacheFolder: cache,
    threads: 2,
    onProgress: () => undefined,
    ...options,
  });
}

const compiled = async (options?: Partial<TreeFactsOptions>): Promise<number> =>
  (await read(options)).compiled;

function replace(file: string, from: string, to: string): void {
  const place = path.join(tree, file);
  const text = fs.readFileSync(place, 'utf8');
  expect(text).toContain(from);
  fs.writeFileSync(place, text.replace(from, to));
}

function cacheFile(): string {
  const [name = ''] = fs.readdirSync(path.join(cache));
  return path.join(cache, name);
}

test('what did not change is not compiled again, and is the same', async () => {
  const first = await read();
  expect(first).toMatchObject({ compiled: 10, problems: [] });
  expect(first.nodes.get('x86_64')?.map(({ name }) => name)).not.toContain('arm-only');
  expect(first.nodes.get('aarch64')?.map(({ name }) => name)).toContain('arm-only');
  const second = await read();
  expect(second.compiled).toBe(0);
  expect(second.nodes).toEqual(first.nodes);
  expect((await read({ cacheFolder: undefined })).nodes).toEqual(first.nodes);
});

test('a recipe that changed is compiled again, whatever the times of its file say', async () => {
  await compiled({ clock: later });
  const file = path.join(tree, 'zlib.yaml');
  const { atime, mtime } = fs.statSync(file);
  replace('zlib.yaml', 'epoch: 2', 'epoch: 3');
  fs.utimesSync(file, atime, mtime);
  const { compiled: again, nodes } = await read({ clock: later });
  expect(again).toBe(1);
  expect(nodes.get('x86_64')?.find(({ name }) => name === 'zlib')?.version).toBe('1.3-r3');
});

test('a file that was written anew with the same bytes is not compiled again', async () => {
  await compiled({ clock: later });
  const file = path.join(tree, 'zlib.yaml');
  const bytes = fs.readFileSync(file);
  fs.rmSync(file);
  fs.writeFileSync(file, bytes);
  expect(await compiled({ clock: later })).toBe(0);
});

test('bytes are not read where the file is the same, unless it was written just now', async () => {
  await compiled({ clock: later });
  const text = fs.readFileSync(cacheFile(), 'utf8');
  expect(text.match(/"stat":"\d+ \d+ \d+ \d+"/g)).toHaveLength(10);
  fs.rmSync(cache, { recursive: true });
  await compiled();
  expect(fs.readFileSync(cacheFile(), 'utf8').match(/"stat":null/g)).toHaveLength(10);
});

test('a pipeline that changed, or that another goes before, compiles who uses it', async () => {
  await compiled();
  replace('pipelines/lint.yaml', '- linter\n', '- linter\n    - checker\n');
  const { compiled: again, nodes } = await read();
  expect(again).toBe(1);
  expect(nodes.get('x86_64')?.find(({ name }) => name === 'app')?.build).toContain('checker');
  fs.rmSync(path.join(tree, 'pipelines/lint.yaml'));
  const { problems } = await read();
  expect(problems.map(({ file }) => path.basename(file))).toEqual(['app.yaml']);
  expect(problems[0]?.error).toContain('RECIPE_PIPELINE_UNKNOWN');
});

test('other options have facts of their own', async () => {
  await compiled();
  const { recipes, pipelineFolders } = treeFiles([tree]);
  const reading = {
    dialect: 'kiln',
    commit: '',
    architectures: ['x86_64'],
    pipelineFolders,
  } as const;
  expect(await compiled({ reading })).toBe(10);
  expect(await compiled()).toBe(0);
  expect(await compiled({ files: recipes.slice(0, 2) })).toBe(0);
  expect(await compiled()).toBe(0);
});

test.each([
  ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
  ['of another byte', (bytes: Buffer) => Buffer.from(bytes.toString().replace('1.3-r2', '1.3-r9'))],
  ['empty', () => Buffer.alloc(0)],
  [
    'of another version',
    (bytes: Buffer) => Buffer.from(bytes.toString().replace('facts 1', 'facts 0')),
  ],
])('a cache file that is %s is as good as none', async (_what, damage) => {
  const { nodes } = await read();
  fs.writeFileSync(cacheFile(), damage(fs.readFileSync(cacheFile())));
  const again = await read();
  expect(again.compiled).toBe(10);
  expect(again.nodes).toEqual(nodes);
  expect(await compiled()).toBe(0);
});

test('a recipe that went away is forgotten, and a new one is compiled', async () => {
  await compiled();
  fs.renameSync(path.join(tree, 'checker.yaml'), path.join(tree, 'prober.yaml'));
  expect(await compiled()).toBe(1);
  expect(fs.readFileSync(cacheFile(), 'utf8')).not.toContain('checker.yaml');
});

test('several may read and write at once; nothing half-written is left', async () => {
  const all = await Promise.all(Array.from({ length: 4 }, () => read()));
  for (const one of all) expect(one.nodes).toEqual(all[0]?.nodes);
  expect(fs.readdirSync(cache)).toHaveLength(1);
  expect(await compiled()).toBe(0);
});

test('where nothing can be kept the facts are there all the same', async () => {
  fs.writeFileSync(cache, 'a file, not a folder');
  expect(await read()).toMatchObject({ compiled: 10, isKept: false });
  expect(await compiled()).toBe(10);
});

test('many recipes are compiled on threads, with the same result', async () => {
  const source = fs.readFileSync(path.join(tree, 'linter.yaml'), 'utf8');
  for (let number = 0; number < 120; number++)
    fs.writeFileSync(
      path.join(tree, `n${number}.yaml`),
      source.replace('name: linter', `name: n${number}`),
    );
  fs.writeFileSync(path.join(tree, 'n7.yaml'), 'package: [');
  const counts: number[] = [];
  const threaded = await read({ onProgress: (done) => counts.push(done) });
  expect(counts.at(-1)).toBe(130);
  expect(threaded.problems.map(({ file }) => path.basename(file))).toEqual(['n7.yaml']);
  const alone = await read({ threads: 1, cacheFolder: undefined });
  expect(threaded.nodes).toEqual(alone.nodes);
});
