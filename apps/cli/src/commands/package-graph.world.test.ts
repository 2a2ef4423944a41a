import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyRecord } from '@kiln/apk';
import type { IndexRecord } from '@kiln/apk';
import { writeIndexFile } from '@kiln/apk-files';
import { KilnError, seededRandom } from '@kiln/base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseInvocation } from '../command.ts';
import { readConfig } from '../config.ts';
import { packageGraph } from './package-graph.ts';

const testdata = fileURLToPath(new URL('../../testdata/tree', import.meta.url));
let folder = '';
let tree = '';

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-graph-'));
  tree = path.join(folder, 'tree');
  fs.cpSync(testdata, tree, { recursive: true });
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

async function graph(
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly talk: string }> {
  let out = '';
  let talk = '';
  const print = {
    data: (text: string) => void (out += text),
    talk: (text: string) => void (talk += text),
  };
  const arch = words.includes('--arch') ? [] : ['--arch', 'x86_64'];
  const invocation = parseInvocation(
    packageGraph,
    [...words, ...arch, '--cache-dir', path.join(folder, 'cache')],
    readConfig({}),
    print,
  );
  return { code: await packageGraph.run(invocation), out, talk };
}

interface Document {
  readonly format: string;
  readonly version: number;
  readonly problems: readonly { readonly file: string; readonly error: string }[];
  readonly graphs: readonly {
    readonly arch: string;
    readonly recipes: readonly {
      readonly name: string;
      readonly level: number;
      readonly needs: readonly string[];
      readonly isPublished: boolean;
      readonly build: readonly Record<string, unknown>[];
      readonly test?: readonly Record<string, unknown>[];
    }[];
    readonly criticalPath: readonly string[];
    readonly cycles: readonly Record<string, unknown>[];
    readonly open: readonly Record<string, unknown>[];
    readonly affected?: readonly { readonly recipe: string; readonly kind: string }[];
    readonly epochs?: readonly unknown[];
  }[];
}

async function document(...words: readonly string[]): Promise<Document> {
  const { out } = await graph(...words, '--json');
  return JSON.parse(out) as Document;
}

/** An index file of records that say what matters here. */
async function index(
  name: string,
  ...records: readonly (Pick<IndexRecord, 'name' | 'version'> & Partial<IndexRecord>)[]
): Promise<string> {
  const file = path.join(folder, name);
  const full = records.map((record) => ({ ...emptyRecord, ...blank, ...record }));
  await writeIndexFile(file, full, { random: seededRandom(1) });
  return file;
}

/** What no package is without. */
const blank = {
  checksum: 'Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  arch: 'x86_64',
  sizeBytes: 1,
  installedSizeBytes: 1,
};

const zlib = (version: string): { name: string; version: string; provides: string[] } => ({
  name: 'zlib',
  version,
  provides: [`so:libz.so.1=${version.replace(/-r\d+$/, '')}`],
});

function git(...words: readonly string[]): string {
  return execFileSync(
    'git',
    ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...words],
    { encoding: 'utf8' },
  );
}

function commitTree(): void {
  git('init', '-q');
  fs.writeFileSync(path.join(folder, '.gitignore'), 'cache\n');
  git('add', '.');
  git('commit', '-q', '-m', 'a tree');
}

function replace(file: string, from: string, to: string): void {
  const place = path.join(tree, file);
  fs.writeFileSync(place, fs.readFileSync(place, 'utf8').replace(from, to));
}

describe('kiln package graph', () => {
  test('shows order, cycles with cuts, and what nothing provides', async () => {
    const { code, out } = await graph(tree);
    expect(code).toBe(0);
    expect(out).toBe(
      `x86_64: 9 recipes, 11 packages, 0 published at their version
  14 atoms of builds, 2 of tests
  9 to order, 5 levels

order, by levels; --format order prints all of it:
  0 (3): make, sh, linter
  1 (1): cc
  2 (2): zlib, ssl-1
  3 (1): ssl-3
  4 (2): app, checker
longest chain (5): make > cc > zlib > ssl-3 > app

recipes that need each other: 1 group, 2 atoms to cut
  3 recipes: cc, make, sh
    cycle: make -> cc-base (needs make) -> make
    cycle: sh -> cc-base (needs sh) -> sh
    cycle: cc -> make -> make, make -> cc-base -> cc
    cut: take cc-base, which no index has, for make, sh

open atoms of builds, which nothing provides: 2
  gone-from-here: app
  so:libz.so.1: app
`,
    );
  });

  test('prints files in the order to build them', async () => {
    const { out } = await graph(tree, '--format', 'order');
    const names = out
      .trim()
      .split('\n')
      .map((file) => path.relative(tree, file));
    expect(names).toEqual([
      'make.yaml',
      'sh.yaml',
      'cc.yaml',
      'zlib.yaml',
      'linter.yaml',
      'ssl-3.yaml',
      'app.yaml',
      'checker.yaml',
      'ssl-1.yaml',
    ]);
  });

  test('learns from an index what building generates, and cuts where it can', async () => {
    const published = await index(
      'APKINDEX.tar.gz',
      zlib('1.2-r0'),
      { name: 'cc-base', version: '12-r0' },
      { name: 'linter', version: '0.9-r0' },
    );
    const { graphs } = await document(tree, '--repository', published);
    const [one] = graphs;
    const named = (name: string) => one?.recipes.find((recipe) => recipe.name === name);
    expect(named('app')?.build).toEqual([
      { atom: 'cc-base', package: 'cc-base', version: '13.2-r0', recipe: 'cc' },
      { atom: 'linter', package: 'linter', version: '0.9-r0', recipe: 'linter' },
      { atom: 'so:libz.so.1', package: 'zlib', version: '1.3-r2', recipe: 'zlib' },
      { atom: 'ssl>=3', package: 'ssl-3', version: '3.2-r0', recipe: 'ssl-3' },
    ]);
    expect(named('make')?.build).toEqual([
      { atom: 'cc-base', package: 'cc-base', version: '13.2-r0', recipe: 'cc', cut: true },
    ]);
    expect([named('linter')?.isPublished, named('zlib')?.isPublished]).toEqual([true, false]);
    expect(one?.open).toEqual([{ atom: 'gone-from-here', kind: 'build', recipe: 'app' }]);
    expect(one?.cycles).toMatchObject([
      {
        recipes: ['cc', 'make', 'sh'],
        cuts: [
          { recipe: 'make', atom: 'cc-base', package: 'cc-base', published: 'cc-base-12-r0' },
          { recipe: 'sh', atom: 'cc-base', package: 'cc-base', published: 'cc-base-12-r0' },
        ],
      },
    ]);
  });

  test('reads folders of repositories as a build makes them, and warns where there is none yet', async () => {
    fs.mkdirSync(path.join(folder, 'packages/x86_64'), { recursive: true });
    await index('packages/x86_64/APKINDEX.tar.gz', zlib('1.3-r2'));
    const inFolder = await graph(tree, '--repository', path.join(folder, 'packages'));
    expect(inFolder.out).not.toContain('so:libz.so.1');
    fs.mkdirSync(path.join(folder, 'none'));
    const none = await graph(tree, '--repository', path.join(folder, 'none'));
    expect(none.talk).toContain(`warning: no index for x86_64 in ${folder}/none yet`);
  });

  test('keeps tests apart, and shows them when asked', async () => {
    const [without] = (await document(tree)).graphs;
    const [with_] = (await document(tree, '--tests')).graphs;
    const app = (one: Document['graphs'][number] | undefined) =>
      one?.recipes.find(({ name }) => name === 'app');
    expect(app(without)?.test).toBeUndefined();
    expect(app(with_)?.test).toEqual([
      { atom: 'app', package: 'app', version: '2.0-r0', recipe: 'app' },
      { atom: 'checker', package: 'checker', version: '0.1-r0', recipe: 'checker' },
    ]);
    expect(app(with_)?.needs).toEqual(app(without)?.needs);
    expect(app(with_)?.needs).not.toContain('checker');
  });

  test('plans for several architectures', async () => {
    const { graphs } = await document(tree, '--arch', 'x86_64,aarch64');
    expect(graphs.map(({ arch, recipes }) => [arch, recipes.length])).toEqual([
      ['x86_64', 9],
      ['aarch64', 10],
    ]);
  });

  test('draws a graph', async () => {
    const { out } = await graph(tree, '--format', 'dot', '--tests');
    const lines = out.split('\n');
    expect(lines[0]).toBe('digraph "x86_64" {');
    expect(lines).toContain('  "app" -> "ssl-3" [label="ssl>=3"];');
    expect(lines).toContain('  "sh" -> "cc" [label="cc-base", style=dashed, constraint=false];');
    expect(lines).toContain(
      '  "app" -> "checker" [label="checker", style=dotted, constraint=false];',
    );
  });

  test('says why one is needed for another', async () => {
    expect((await graph(tree, '--why', 'app,sh')).out).toBe(
      'the build of app\n  needs cc-base of cc\n    needs posix-sh: sh\n',
    );
    expect((await graph(tree, '--why', 'app,checker')).out).toBe(
      'the tests of app\n  needs checker\n',
    );
    expect((await graph(tree, '--why', 'linter,sh')).out).toBe('it is not needed\n');
    await expect(graph(tree, '--why', 'lintr,sh')).rejects.toThrow(
      expect.objectContaining({
        code: 'LOCAL_NAME_NOT_FOUND',
        message: 'nothing is called "lintr" here',
        hint: 'did you mean linter?',
      }),
    );
  });

  test('shows who needs a new epoch when a library goes away', async () => {
    const before = await index(
      'before.tar.gz',
      { ...zlib('1.2-r0'), origin: 'zlib' },
      { name: 'app', version: '2.0-r0', origin: 'app', depends: ['so:libz.so.1'] },
    );
    const built = await index('built.tar.gz', {
      name: 'zlib',
      version: '2.0-r0',
      origin: 'zlib',
      provides: ['so:libz.so.2=2.0'],
    });
    const { out } = await graph(tree, '--repository', before, '--built', built);
    expect(out).toContain(
      `packages that lose a library: 1 recipe to build again\n  app: epoch 1 in ${tree}/app.yaml\n    app-2.0-r0: so:libz.so.1 (of zlib)\n`,
    );
  });

  test('leaves out what is wrong, says so, and fails', async () => {
    replace('zlib.yaml', 'name: zlib\n', 'nom: zlib\n');
    fs.writeFileSync(path.join(tree, 'twin.yaml'), fs.readFileSync(path.join(tree, 'linter.yaml')));
    const { code, out, talk } = await graph(tree);
    expect(code).toBe(1);
    expect(talk).toContain(`error[YAML_UNKNOWN_KEY]: ${tree}/zlib.yaml:2:3: unknown key "nom"`);
    expect(talk).toContain(
      `error[GRAPH_RECIPE_TWICE]: ${tree}/linter.yaml and ${tree}/twin.yaml are both recipes of "linter"`,
    );
    expect(talk).toContain('11 recipes read, 11 of them compiled, 2 failed\n');
    expect(out).toContain('zlib-dev: ssl-3\n');
    const { problems } = await document(tree);
    expect(problems.map(({ file }) => path.basename(file))).toEqual(['zlib.yaml', 'twin.yaml']);
  });

  test.each([
    { words: ['--format', 'png'], message: 'no such format: png' },
    { words: ['--distance=1x'], message: '--distance takes a number, not "1x"' },
    { words: ['--why', 'app'], message: '--why takes two names with a comma, not "app"' },
    {
      words: ['--format', 'order', '--arch', 'x86_64,aarch64'],
      message: '--format order is of one architecture',
    },
    { words: ['--distance', '1'], message: '--distance is of --affected-by, which is not given' },
    { words: ['--json', '--format', 'dot'], message: '--json and --format dot do not go together' },
  ])('refuses $words', async ({ words, message }) => {
    await expect(graph(tree, ...words)).rejects.toThrow(
      expect.objectContaining({ code: 'USAGE', message }),
    );
  });

  test('refuses a folder without recipes', async () => {
    await expect(graph(path.join(tree, 'app'))).rejects.toThrow(
      expect.objectContaining({ code: 'LOCAL_FILE_UNREADABLE' }),
    );
  });
});

describe('kiln package graph --affected-by', () => {
  beforeEach(commitTree);

  const affected = async (...words: readonly string[]): Promise<string[]> => {
    const { graphs } = await document(tree, '--affected-by', 'HEAD', ...words);
    return (graphs[0]?.affected ?? []).map(({ recipe, kind }) => `${kind} ${recipe}`);
  };

  test('says that there is no git', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = tree;
    try {
      await expect(affected()).rejects.toMatchObject({
        code: 'LOCAL_GIT_FAILED',
        message: 'there is no git on this host',
      });
    } finally {
      process.env['PATH'] = PATH;
    }
  });

  test('is nothing where nothing changed', async () => {
    expect(await affected()).toEqual([]);
    expect((await graph(tree, '--affected-by', 'HEAD', '--format', 'order')).out).toBe('');
  });

  test('is what is built with a changed recipe, in order', async () => {
    replace('ssl-3.yaml', 'epoch: 0', 'epoch: 1');
    expect(await affected()).toEqual(['build app', 'build checker', 'changed ssl-3']);
    const { out } = await graph(tree, '--affected-by', 'HEAD', '--format', 'order');
    expect(
      out
        .trim()
        .split('\n')
        .map((file) => path.basename(file)),
    ).toEqual(['ssl-3.yaml', 'app.yaml', 'checker.yaml']);
    const text = (await graph(tree, '--affected-by', 'HEAD')).out;
    expect(text).toContain(
      'affected: 3 recipes\n  changed (1): ssl-3\n  built with those (2): app, checker\n',
    );
  });

  test('is bounded by distance', async () => {
    replace('cc.yaml', 'epoch: 0', 'epoch: 1');
    expect(await affected('--distance', '0')).toEqual(['changed cc']);
    expect(await affected('--distance', '1')).not.toContain('build linter');
    expect(await affected('--distance', '1')).toContain('build zlib');
    const { out } = await graph(
      tree,
      '--affected-by',
      'HEAD',
      '--distance',
      '0',
      '--format',
      'order',
    );
    expect(out).toBe(`${tree}/cc.yaml\n`);
  });

  test('is what is tested with it', async () => {
    replace('checker.yaml', 'epoch: 0', 'epoch: 1');
    expect(await affected()).toEqual(['test app', 'changed checker']);
  });

  test('follows the folder beside a recipe and the pipelines it uses', async () => {
    fs.appendFileSync(path.join(tree, 'app/fix.patch'), '+more\n');
    expect(await affected()).toEqual(['changed app']);
    git('checkout', '-q', '.');
    fs.writeFileSync(path.join(tree, 'app/new.patch'), '+new\n');
    expect(await affected()).toEqual(['changed app']);
    fs.rmSync(path.join(tree, 'app/new.patch'));
    replace('pipelines/lint.yaml', 'linter .', 'linter -v .');
    expect(await affected()).toEqual(['changed app']);
  });

  test('knows what a deleted or changed recipe gave', async () => {
    fs.rmSync(path.join(tree, 'checker.yaml'));
    expect(await affected()).toEqual(['test app']);
    git('checkout', '-q', '.');
    replace('ssl-3.yaml', 'ssl=3.2', 'tls=3.2');
    expect(await affected()).toEqual(['build app', 'build checker', 'changed ssl-3']);
  });

  test('compares with any commit, whatever lies outside of the folder', async () => {
    replace('linter.yaml', 'epoch: 0', 'epoch: 1');
    git('commit', '-qam', 'two');
    fs.writeFileSync(path.join(folder, 'elsewhere.yaml'), 'a: b\n');
    expect(await affected()).toEqual([]);
    const { graphs } = await document(tree, '--affected-by', 'HEAD~1');
    expect(graphs[0]?.affected?.map(({ recipe }) => recipe)).toEqual(['app', 'linter']);
  });

  test.each(['no-such-commit', '--output=/tmp/x', ''])('refuses "%s" as a commit', async (ref) => {
    const words = ref === '' ? ['--affected-by', ':'] : [`--affected-by=${ref}`];
    await expect(graph(tree, ...words)).rejects.toThrow(
      expect.objectContaining({ code: 'LOCAL_GIT_FAILED' }),
    );
  });

  test('refuses recipes outside of a checkout', async () => {
    fs.rmSync(path.join(folder, '.git'), { recursive: true });
    const failure = await graph(tree, '--affected-by', 'HEAD').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(KilnError);
    expect((failure as KilnError).code).toBe('LOCAL_GIT_FAILED');
  });
});
