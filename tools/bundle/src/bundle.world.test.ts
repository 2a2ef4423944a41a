import { spawnSync } from 'node:child_process';
import {
  mkdtempSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from './bundle.ts';

const root = path.resolve(import.meta.dirname, '../../..');
/** Below the clone, where `node_modules` is found. */
let folder: string;

beforeAll(async () => {
  mkdirSync(path.join(root, '.tools'), { recursive: true });
  folder = mkdtempSync(path.join(root, '.tools/bundle-test-'));
  await bundle(root, folder);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program file with words; a hook says at the end which files were loaded. */
function run(file: string, words: readonly string[]): { stdout: string; loaded: string[] } {
  const hook = path.join(folder, 'hook.mjs');
  const report = path.join(folder, 'loaded.json');
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module';
import { writeFileSync } from 'node:fs';
const loaded = [];
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
process.on('exit', () => writeFileSync(${JSON.stringify(report)}, JSON.stringify(loaded)));
`,
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', pathToFileURL(hook).href, file, ...words],
    { cwd: folder, encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  const urls = JSON.parse(readFileSync(report, 'utf8')) as string[];
  return { stdout, loaded: urls.filter((url) => url.startsWith('file:')) };
}

const sources = path.join(root, 'apps/cli/src/main.ts');
const bundled = (): string => path.join(folder, 'main.js');
const programFile = (name: string): string => path.join(folder, name, 'main.cjs');
/** What programs of their own are for. */
const programs = [
  ['images', ['image', 'build', '--help']],
  ['images', ['apko', 'build', '--help']],
  ['packages', ['package', 'build', '--help']],
  ['packages', ['melange', 'build', '--help']],
] as const;
/** What is late in a program. */
const lateInProgram = ['gc', 'status', '--help'];

test('says what the sources say', () => {
  for (const words of [
    ['--version'],
    ['--help'],
    ['melange', 'build', '--help'],
    ['queue', 'ls', '--help'],
  ])
    expect(run(bundled(), words).stdout).toBe(run(sources, words).stdout);
  for (const [program, words] of programs)
    for (const all of [words, lateInProgram])
      expect(run(programFile(program), all).stdout).toBe(run(sources, all).stdout);
});

test('loads, each of its parts', () => {
  // What threads begin with wants the data of one; `main.js` acts.
  const acts = (name: string): boolean =>
    name === 'main.js' || /\bworkerData\b/.test(readFileSync(path.join(folder, name), 'utf8'));
  const parts = readdirSync(folder).filter((name) => name.endsWith('.js') && !acts(name));
  const file = path.join(folder, 'load-all.mjs');
  writeFileSync(file, parts.map((name) => `await import('./${name}');\n`).join(''));
  expect(parts.length).toBeGreaterThan(50);
  run(file, []);
});

test.each(['images', 'packages'])('loads, each part of the program for %s', (program) => {
  const place = path.join(folder, program);
  const parts = readdirSync(place).filter((name) => name.endsWith('.cjs') && name !== 'main.cjs');
  const file = path.join(place, 'load-all.cjs');
  writeFileSync(file, parts.map((name) => `require('./${name}');\n`).join(''));
  expect(parts.length).toBeGreaterThan(50);
  run(file, []);
});

test('a part that is loaded late finds the program loaded', () => {
  const config = path.join(folder, 'based.yaml');
  writeFileSync(
    config,
    'contents: {repositories: [./x], baseimage: {image: ./absent, apkindex: ./absent}}\n',
  );
  const words = ['apko', 'show-config', config];
  const { stderr } = spawnSync(process.execPath, [programFile('images'), ...words], {
    encoding: 'utf8',
  });
  expect(stderr).toContain('there is no ./absent');
  expect(stderr).not.toContain('Warning');
});

test('is few files, and a program fewer', () => {
  expect(run(bundled(), ['melange', 'build', '--help']).loaded.length).toBeLessThan(100);
  for (const [program, words] of programs)
    expect(run(programFile(program), words).loaded.length).toBeLessThan(15);
});

describe('the code of a program', () => {
  const words = ['apko', 'version'];
  const kept = (): string => path.join(folder, 'images/apko-version.code');
  const start = (): string => run(programFile('images'), words).stdout;

  test('is kept for each command that did its work', () => {
    const said = start();
    const code = readFileSync(kept());
    const { mtimeMs } = statSync(kept());
    expect(start()).toBe(said);
    expect(statSync(kept()).mtimeMs).toBe(mtimeMs);
    run(programFile('images'), ['apko', 'show-config', '--help']);
    spawnSync(process.execPath, [programFile('images'), 'apko', 'show-config', 'absent.yaml']);
    const names = readdirSync(path.join(folder, 'images')).filter((name) => name.includes('.code'));
    expect(names).toEqual(['apko-version.code']);
    expect(code.length).toBeGreaterThan(10_000);
  });

  test.each([
    ['damaged', (code: Buffer) => code.with(5000, (code[5000] ?? 0) ^ 1)],
    ['cut', (code: Buffer) => code.subarray(0, 3)],
    ['of another engine', (code: Buffer) => otherEngine(code)],
  ])('is made again where it is %s', (_, change) => {
    const said = start();
    const changed = change(readFileSync(kept()));
    writeFileSync(kept(), changed);
    expect(start()).toBe(said);
    const code = readFileSync(kept());
    expect(code.equals(changed)).toBe(false);
    expect(code.readUInt32LE(0)).toBe(crc32(code.subarray(4)));
  });

  test('is done without where it cannot be kept', () => {
    const said = start();
    rmSync(kept());
    mkdirSync(kept());
    expect(start()).toBe(said);
    rmSync(kept(), { recursive: true });
  });
});

/** With the sum of what it is. */
function otherEngine(code: Buffer): Uint8Array {
  const changed = Buffer.from(code).fill(0xff, 8, 12);
  changed.writeUInt32LE(crc32(changed.subarray(4)));
  return changed;
}

/** What says which settings there are, and by which name a factory answers. */
const settings =
  /^(base|apps\/cli|apps\/server\/src\/api\/server-name|formats\/yaml\/src\/quote|engines\/(retention\/src\/policy|blobs\/src\/store))/;

test('a version and a help need nothing but the command line and its settings', () => {
  for (const words of [
    ['--version'],
    ['--help'],
    ['status', '--help'],
    ['queue', 'ls', '--help'],
  ]) {
    const folders = run(sources, words).loaded.map((url) =>
      path.relative(root, new URL(url).pathname),
    );
    expect(folders.filter((file) => !settings.test(file))).toEqual([]);
  }
});

test('compiles in threads', () => {
  const recipes = Array.from({ length: 40 }, (_, number) => {
    const file = path.join(folder, `p${number}.yaml`);
    writeFileSync(
      file,
      `package:\n  name: p${number}\n  version: 1.0\n  epoch: 0\npipeline:\n  - runs: echo  ${number}\n`,
    );
    return file;
  });
  const out = path.join(folder, 'out');
  run(bundled(), ['package', 'compile', '--arch', 'x86_64', '--out', out, ...recipes]);
  expect(readFileSync(path.join(out, 'x86_64/p7.json'), 'utf8')).toContain('echo 7');
});
