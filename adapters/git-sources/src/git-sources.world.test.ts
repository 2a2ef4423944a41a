import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom, type Position } from '@kiln/base';
import type { GitMirrors, RequestedCheckout } from '@kiln/build';
import type { GitCheckout } from '@kiln/recipe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CachedGitSources, type CachedGitSourcesOptions } from './git-sources.ts';
import { TestRepositories, TestServer } from './testing.ts';

let here: TestRepositories;
let log: string[] = [];

beforeEach(() => {
  here = new TestRepositories();
  log = [];
});

afterEach(() => here[Symbol.dispose]());

const open = (changes: Partial<CachedGitSourcesOptions> = {}): Promise<CachedGitSources> =>
  CachedGitSources.open({
    directory: here.path('cache'),
    localDirectories: [here.folder],
    ...changes,
  });

const checkout = (changes: Partial<GitCheckout>): GitCheckout => ({
  repository: here.url('up'),
  branch: undefined,
  tag: undefined,
  commit: '0'.repeat(40),
  mustBeTip: false,
  depth: 1,
  submodules: false,
  cherryPicks: [],
  ...changes,
});

async function fetch(
  checkouts: readonly RequestedCheckout[],
  sources: Promise<CachedGitSources> = open(),
): Promise<GitMirrors> {
  return (await sources).fetch({ checkouts, onLog: (text) => log.push(text) });
}

/** Refs of a mirror with their commits or tags, and its HEAD. */
function refsOf(mirrors: GitMirrors, url = here.url('up')): Record<string, string> {
  const name = mirrors.repositories.find((one) => one.url === url)?.name ?? 'none';
  const directory = join(mirrors.hostPath, name);
  const packed = readFileSync(join(directory, 'packed-refs'), 'utf8').trim();
  const refs = packed === '' ? [] : packed.split('\n').map((line) => line.split(' '));
  return {
    ...Object.fromEntries(refs.map(([object = '', ref = '']) => [ref, object])),
    HEAD: readFileSync(join(directory, 'HEAD'), 'utf8').trim(),
  };
}

/** Clones a mirror and says what git prints in the clone. */
function clone(
  mirrors: GitMirrors,
  options: readonly string[],
  ...argv: readonly string[]
): string {
  const target = here.path(`clone-${Math.random().toString(36).slice(2)}`);
  mkdirSync(target);
  const settings = mirrors.repositories.flatMap(({ url, name }) => [
    '-c',
    `url.file://${mirrors.hostPath}/${name}.insteadOf=${url}`,
  ]);
  execFileSync(
    'git',
    [
      '-c',
      'protocol.file.allow=always',
      ...settings,
      'clone',
      '--quiet',
      ...options,
      here.url('up'),
      target,
    ],
    { stdio: 'pipe' },
  );
  return execFileSync('git', argv, { cwd: target, encoding: 'utf8', stdio: 'pipe' }).trim();
}

describe('a tag', () => {
  test('comes alone, and is not asked for again', async () => {
    here.init('up');
    const first = here.commit('up', { a: '1' });
    here.git('up', 'tag', 'v1');
    here.git('up', 'tag', 'other');
    here.commit('up', { a: '2' });
    here.git('up', 'tag', 'v2');
    const mirrors = await fetch([checkout({ tag: 'v1', commit: first })]);
    expect(refsOf(mirrors)).toEqual({ 'refs/tags/v1': first, HEAD: 'ref: refs/heads/main' });
    expect(clone(mirrors, ['--depth=1', '--branch=v1'], 'describe', '--tags')).toBe('v1');
    await mirrors.remove();
    rmSync(here.path('up'), { recursive: true });
    mkdirSync(here.path('up'));
    const again = await fetch([checkout({ tag: 'v1', commit: first })]);
    expect(clone(again, ['--branch=v1'], 'log', '--format=%H')).toBe(first);
    expect(log).toEqual([`${here.url('up')} (from url)`, `${here.url('up')} (from store)`]);
  });

  test('is not the branch of its name', async () => {
    here.init('up');
    const tagged = here.commit('up', { a: '1' });
    here.git('up', 'tag', 'same');
    here.git('up', 'switch', '--quiet', '--create', 'same');
    const branched = here.commit('up', { a: '2' });
    expect(refsOf(await fetch([checkout({ tag: 'same', commit: tagged })]))).toMatchObject({
      'refs/tags/same': tagged,
    });
    expect(refsOf(await fetch([checkout({ branch: 'same', commit: branched })]))).toEqual({
      'refs/heads/same': branched,
      HEAD: 'ref: refs/heads/same',
    });
  });

  test('may be named by the object of an annotated one', async () => {
    here.init('up');
    const commit = here.commit('up', { a: '1' });
    here.git('up', 'tag', '--annotate', '--message', 'one', 'v1');
    const object = here.git('up', 'rev-parse', 'v1');
    for (const expected of [commit, object]) {
      const mirrors = await fetch([checkout({ tag: 'v1', commit: expected })]);
      expect(refsOf(mirrors)['refs/tags/v1']).toBe(object);
      expect(clone(mirrors, ['--branch=v1'], 'rev-parse', 'HEAD')).toBe(commit);
    }
  });

  test('that is another commit is refused; one that was moved is fetched when the recipe follows', async () => {
    here.init('up');
    const first = here.commit('up', { a: '1' });
    here.git('up', 'tag', 'v1');
    await fetch([checkout({ tag: 'v1', commit: first })]);
    const second = here.commit('up', { a: '2' });
    await expect(fetch([checkout({ tag: 'v1', commit: second })])).rejects.toMatchObject({
      code: 'SOURCE_COMMIT_MISMATCH',
      message: `${here.url('up')}: tag v1 is commit ${first}, not ${second}`,
    });
    here.git('up', 'tag', '--force', 'v1');
    expect(refsOf(await fetch([checkout({ tag: 'v1', commit: second })]))).toMatchObject({
      'refs/tags/v1': second,
    });
  });

  test('that is missing is named', async () => {
    here.init('up');
    here.commit('up', { a: '1' });
    await expect(fetch([checkout({ tag: 'v9' })])).rejects.toMatchObject({
      code: 'SOURCE_REF_MISSING',
      message: `${here.url('up')} has no tag v9`,
    });
    await expect(fetch([checkout({ tag: '--all' })])).rejects.toMatchObject({
      code: 'SOURCE_REF_MISSING',
    });
  });
});

describe('a branch', () => {
  test('ends at the expected commit, whatever upstream added and whatever was fetched before', async () => {
    here.init('up');
    const first = here.commit('up', { a: '1' });
    const second = here.commit('up', { a: '2' });
    here.git('up', 'tag', 'v2');
    const wanted = checkout({ branch: 'main', commit: second, depth: undefined });
    const early = await fetch([wanted]);
    expect(refsOf(early)).toEqual({ 'refs/heads/main': second, HEAD: 'ref: refs/heads/main' });
    const third = here.commit('up', { a: '3' });
    here.git('up', 'switch', '--quiet', '--create', 'more');
    const fourth = here.commit('up', { a: '4' });
    await fetch([
      checkout({ branch: 'more', commit: fourth, depth: undefined }),
      checkout({ branch: 'main', commit: third, depth: undefined }),
      checkout({ tag: 'v2', commit: second, depth: undefined }),
    ]);
    const late = await fetch([wanted]);
    expect(refsOf(late)).toEqual(refsOf(early));
    expect(clone(late, ['--branch=main'], 'log', '--format=%H')).toBe(`${second}\n${first}`);
    expect(() => clone(late, [], 'describe', '--tags')).toThrow(/No names found/);
    expect(clone(late, [], 'branch', '--all', '--format=%(refname)')).toBe(
      'refs/heads/main\nrefs/remotes/origin/HEAD\nrefs/remotes/origin/main',
    );
    expect(log.at(-1)).toContain('(from store)');
  });

  test('comes with as much history as is wanted', async () => {
    here.init('up');
    for (const text of ['1', '2', '3']) here.commit('up', { a: text });
    const commit = here.commit('up', { a: '4' });
    const mirrors = await fetch([checkout({ branch: 'main', commit, depth: 2 })]);
    expect(clone(mirrors, ['--depth=2'], 'rev-list', '--count', 'HEAD')).toBe('2');
    expect(clone(mirrors, ['--depth=1'], 'rev-list', '--count', 'HEAD')).toBe('1');
  });

  test('that does not contain the commit has diverged', async () => {
    here.init('up');
    const base = here.commit('up', { a: '1' });
    here.git('up', 'switch', '--quiet', '--create', 'side');
    const side = here.commit('up', { a: 'side' });
    here.git('up', 'switch', '--quiet', 'main');
    const tip = here.commit('up', { a: '2' });
    await expect(
      fetch([checkout({ branch: 'main', commit: side, depth: undefined })]),
    ).rejects.toMatchObject({
      code: 'SOURCE_COMMIT_MISMATCH',
      message: `${here.url('up')}: branch main (commit ${tip}) does not contain ${side}`,
    });
    await expect(
      fetch([checkout({ branch: 'main', commit: base, depth: 1 })]),
    ).rejects.toMatchObject({ hint: expect.stringMatching(/set depth to -1/) });
    await expect(
      fetch([checkout({ branch: 'main', commit: base, mustBeTip: true })]),
    ).rejects.toMatchObject({ code: 'SOURCE_COMMIT_MISMATCH' });
    await fetch([checkout({ branch: 'main', commit: tip, mustBeTip: true })]);
  });

  test('is the one that the repository has for itself when none is named', async () => {
    here.init('up');
    const other = here.commit('up', { a: '1' });
    here.git('up', 'switch', '--quiet', '--create', 'trunk');
    const commit = here.commit('up', { a: '2' });
    expect(refsOf(await fetch([checkout({ commit })]))).toEqual({
      'refs/heads/trunk': commit,
      HEAD: 'ref: refs/heads/trunk',
    });
    here.git('up', 'switch', '--quiet', '--detach', other);
    const detached = await fetch([checkout({ commit: other })]);
    expect(refsOf(detached)).toEqual({ HEAD: other });
    expect(clone(detached, [], 'rev-parse', 'HEAD')).toBe(other);
  });

  test('that two checkouts want at two commits has both', async () => {
    here.init('up');
    const commits = ['1', '2', '3'].map((text) => here.commit('up', { a: text }));
    const at = (commit = ''): GitCheckout => checkout({ branch: 'main', commit, depth: undefined });
    expect(refsOf(await fetch([at(commits[0]), at(commits[1])]))).toMatchObject({
      'refs/heads/main': commits[1],
    });
  });
});

describe('cherry-picks', () => {
  test('bring their branches, up to the commits, and the whole history', async () => {
    here.init('up');
    const base = here.commit('up', { a: '1' });
    here.git('up', 'tag', 'v1');
    here.git('up', 'switch', '--quiet', '--create', 'fixes');
    const fix = here.commit('up', { b: '1' });
    here.commit('up', { b: '2' });
    here.git('up', 'update-ref', 'refs/pull/7/head', fix);
    const picks = (branch: string, commit: string) =>
      fetch([checkout({ tag: 'v1', commit: base, cherryPicks: [{ branch, commit }] })]);
    expect(refsOf(await picks('fixes', fix))).toEqual({
      'refs/heads/fixes': fix,
      'refs/tags/v1': base,
      HEAD: 'ref: refs/heads/fixes',
    });
    expect(refsOf(await picks('pull/7/head', fix))).toMatchObject({ 'refs/pull/7/head': fix });
    expect(refsOf(await picks('fixes', fix.slice(0, 10)))).toMatchObject({
      'refs/heads/fixes': here.git('up', 'rev-parse', 'fixes'),
    });
    await expect(picks('main', fix)).rejects.toMatchObject({ code: 'SOURCE_COMMIT_MISMATCH' });
    await expect(picks('none', fix)).rejects.toMatchObject({ code: 'SOURCE_REF_MISSING' });
  });
});

describe('submodules', () => {
  test('come with theirs at the commits in question, also two of one repository', async () => {
    here.init('leaf');
    const old = here.commit('leaf', { leaf: 'old' });
    here.commit('leaf', { leaf: 'new' });
    here.init('middle');
    here.git('middle', 'submodule', '--quiet', 'add', here.url('leaf'), 'deep/leaf');
    here.git('middle', 'config', '--file', '.gitmodules', 'submodule.deep/leaf.url', '../leaf');
    here.commit('middle', { middle: '1' });
    here.init('up');
    here.git('up', 'submodule', '--quiet', 'add', here.url('middle'), 'sub');
    here.git('up', 'submodule', '--quiet', 'add', here.url('leaf'), 'leaf');
    here.git('up/leaf', 'checkout', '--quiet', old);
    const commit = here.commit('up', { a: '1' });
    const mirrors = await fetch([checkout({ branch: 'main', commit, submodules: true })]);
    expect(mirrors.repositories.map(({ url }) => url)).toEqual(
      ['leaf', 'middle', 'up'].map((name) => here.url(name)),
    );
    const target = here.path('target');
    const settings = mirrors.repositories.flatMap(({ url, name }) => [
      '-c',
      `url.file://${mirrors.hostPath}/${name}.insteadOf=${url}`,
    ]);
    for (const shallow of [[], ['--shallow-submodules']]) {
      rmSync(target, { recursive: true, force: true });
      execFileSync(
        'git',
        [
          '-c',
          'protocol.file.allow=always',
          ...settings,
          'clone',
          '--quiet',
          '--depth=1',
          '--recurse-submodules',
          ...shallow,
          here.url('up'),
          target,
        ],
        { stdio: 'pipe' },
      );
      expect(readFileSync(join(target, 'leaf/leaf'), 'utf8')).toBe('old');
      expect(readFileSync(join(target, 'sub/deep/leaf/leaf'), 'utf8')).toBe('new');
    }
  });

  test.each([
    ['a command', 'ext::touch$IFS/tmp/kiln-pwned', 'SOURCE_ADDRESS_REFUSED'],
    ['a repository of this machine', 'file:///srv/secret', 'SOURCE_ADDRESS_REFUSED'],
    ['a path of this machine', '/srv/secret', 'SOURCE_ADDRESS_REFUSED'],
    ['an option', '--upload-pack=touch /tmp/kiln-pwned', 'SOURCE_ADDRESS_REFUSED'],
    ['another machine by SSH', 'git@example.org:a/b', 'SOURCE_ADDRESS_REFUSED'],
  ])('%s is none', async (_what, url, code) => {
    here.init('up');
    const commit = here.commit('up', {
      '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = "${url}"\n`,
    });
    here.git('up', 'update-index', '--add', '--cacheinfo', `160000,${commit},x`);
    here.git('up', 'commit', '--quiet', '--message', 'link');
    const tip = here.git('up', 'rev-parse', 'HEAD');
    await using server = await TestServer.repositories(here.folder);
    const wanted = checkout({
      repository: `${server.url}/up/.git`,
      branch: 'main',
      commit: tip,
      submodules: true,
    });
    await expect(fetch([wanted])).rejects.toMatchObject({ code });
    expect(readdirSync(here.path('cache/mirrors'))).toEqual([]);
    expect(existsSync('/tmp/kiln-pwned')).toBe(false);
  });

  test('of a list that is a link there are none, and no more than the limits allow', async () => {
    here.init('up');
    here.commit('up', { target: `[submodule "x"]\n\tpath = x\n\turl = https://example.org/x\n` });
    // Git itself would not add it.
    const tree = execFileSync('git', ['mktree'], {
      cwd: here.path('up'),
      encoding: 'utf8',
      input: `120000 blob ${here.git('up', 'rev-parse', 'HEAD:target')}\t.gitmodules\n160000 commit ${'1'.repeat(40)}\tx\n`,
    }).trim();
    const linked = here.git('up', 'commit-tree', '-m', 'link', tree);
    here.git('up', 'update-ref', 'refs/heads/linked', linked);
    const mirrors = await fetch([checkout({ branch: 'linked', commit: linked, submodules: true })]);
    expect(mirrors.repositories).toHaveLength(1);
    // A repository that has itself as a submodule, at every commit the one before.
    let before = linked;
    for (const text of ['2', '3', '4']) {
      writeFileSync(
        join(here.path('up'), '.gitmodules'),
        `[submodule "x"]\n\tpath = x\n\turl = ${here.url('up')}\n`,
      );
      here.git('up', 'add', '--all');
      here.git('up', 'update-index', '--add', '--cacheinfo', `160000,${before},x`);
      here.git('up', 'commit', '--quiet', '--message', text);
      before = here.git('up', 'rev-parse', 'HEAD');
    }
    const wanted = checkout({ branch: 'main', commit: before, submodules: true });
    expect((await fetch([wanted])).repositories).toHaveLength(1);
    await expect(fetch([wanted], open({ limits: { submoduleDepthMax: 2 } }))).rejects.toMatchObject(
      { code: 'SOURCE_TOO_LARGE' },
    );
    await expect(fetch([wanted], open({ limits: { commitsMax: 2 } }))).rejects.toMatchObject({
      code: 'SOURCE_TOO_LARGE',
    });
  });
});

describe('what goes wrong is told with the step that asked for it', () => {
  const at = (line: number): Position => ({ file: 'r.yaml', line, column: 5 });

  test('of several that ask for one repository', async () => {
    here.init('up');
    const commit = here.commit('up', { a: '1' });
    here.git('up', 'tag', 'v1');
    const good: RequestedCheckout = { ...checkout({ tag: 'v1', commit }), position: at(4) };
    const wrong = { ...checkout({ tag: 'v1', commit: '1'.repeat(40) }), position: at(8) };
    await expect(fetch([good, wrong])).rejects.toMatchObject({
      code: 'SOURCE_COMMIT_MISMATCH',
      position: { line: 8 },
      hint: 'update expected-commit',
    });
    const absent = { ...checkout({ tag: 'v2', commit }), position: at(9) };
    await expect(fetch([good, absent])).rejects.toMatchObject({
      code: 'SOURCE_REF_MISSING',
      position: { line: 9 },
    });
    const pick = { commit, branch: 'gone' };
    const picked = { ...good, cherryPicks: [pick], position: at(12) };
    await expect(fetch([good, picked])).rejects.toMatchObject({ position: { line: 12 } });
  });

  test('of an address, and of a submodule that nobody has', async () => {
    const ssh = checkout({ repository: 'ssh://example.org/up' });
    const far = { ...checkout({ repository: here.url('far') }), position: at(4) };
    here.init('far');
    far.commit = here.commit('far', { a: '1' });
    await expect(fetch([far, { ...ssh, position: at(7) }])).rejects.toMatchObject({
      code: 'SOURCE_ADDRESS_REFUSED',
      position: { line: 7 },
    });
    here.init('up');
    here.git('up', 'submodule', 'add', '--quiet', here.url('far'), 'inner');
    const commit = here.commit('up', { b: '1' });
    rmSync(here.path('far'), { recursive: true });
    mkdirSync(here.path('far'));
    const whole = checkout({ branch: 'main', commit, submodules: true });
    await expect(fetch([{ ...whole, position: at(9) }])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining(here.url('far')) as string,
      position: { line: 9 },
    });
  });
});

describe('a server', () => {
  test('is spoken to over HTTP, and gives commits that no ref names', async () => {
    here.init('sub');
    const sub = here.commit('sub', { s: '1' });
    here.git('sub', 'commit', '--quiet', '--amend', '--message', 'another');
    here.init('up');
    await using server = await TestServer.repositories(here.folder);
    writeFileSync(
      join(here.path('up'), '.gitmodules'),
      `[submodule "x"]\n\tpath = x\n\turl = ../../sub/.git\n`,
    );
    here.git('up', 'add', '.gitmodules');
    here.git('up', 'update-index', '--add', '--cacheinfo', `160000,${sub},x`);
    here.git('up', 'commit', '--quiet', '--message', 'link');
    const commit = here.git('up', 'rev-parse', 'HEAD');
    const repository = `${server.url}/up/.git`;
    const mirrors = await fetch([
      checkout({ repository, branch: 'main', commit, submodules: true }),
    ]);
    expect(refsOf(mirrors, `${server.url}/sub/.git`)).toEqual({
      [`refs/heads/commit-${sub}`]: sub,
      HEAD: `ref: refs/heads/commit-${sub}`,
    });
  });

  test('that cannot be reached may be asked later', async () => {
    const wanted = checkout({ repository: 'http://127.0.0.1:9/x', tag: 'v1' });
    await expect(fetch([wanted])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retry: 'later',
    });
  });

  test('that wants a password gets none but the one of the address, which no message shows', async () => {
    await using server = await TestServer.start((_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    });
    const repository = server.url.replace('//', '//ada:s3cret@') + '/x';
    const error = await fetch([checkout({ repository, tag: 'v1' })]).catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(JSON.stringify(error) + String(error)).not.toContain('s3cret');
    expect(log.join('\n')).not.toContain('s3cret');
  });

  test('cannot send git to a file', async () => {
    here.init('secret');
    here.commit('secret', { a: '1' });
    await using server = await TestServer.start((_request, response) => {
      response.writeHead(302, { location: `${here.url('secret')}/.git/info/refs` }).end();
    });
    const wanted = checkout({ repository: `${server.url}/x`, branch: 'main' });
    await expect(fetch([wanted])).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  test('that never ends is given up, and so is one when the caller stops', async () => {
    await using server = await TestServer.start((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
      response.write('001e# service=git-upload-pack\n');
    });
    const wanted = checkout({ repository: `${server.url}/x`, tag: 'v1' });
    await expect(fetch([wanted], open({ limits: { commandMs: 300 } }))).rejects.toMatchObject({
      message: expect.stringMatching(/took too long/),
    });
    const stop = new AbortController();
    const sources = await open();
    const fetching = sources.fetch({ checkouts: [wanted], onLog: () => {}, signal: stop.signal });
    stop.abort(new Error('stopped'));
    await expect(fetching).rejects.toThrow('stopped');
  });

  test('cannot fill the disk', async () => {
    here.init('up');
    const commit = here.commit('up', { noise: seededRandom(1).id(100_000) });
    await expect(
      fetch([checkout({ branch: 'main', commit })], open({ limits: { fileBytesMax: 20_000 } })),
    ).rejects.toMatchObject({ code: 'SOURCE_TOO_LARGE' });
  });
});

describe('the cache', () => {
  test('serves several at once, of one process and of others', async () => {
    here.init('up');
    const commit = here.commit('up', { a: '1' });
    const [one, two] = [await open(), await open()];
    const wanted = checkout({ branch: 'main', commit, depth: undefined });
    const mirrors = await Promise.all(
      [one, one, two, two].map((sources) =>
        sources.fetch({ checkouts: [wanted], onLog: (text) => log.push(text) }),
      ),
    );
    expect(new Set(mirrors.map(({ hostPath }) => hostPath)).size).toBe(4);
    for (const each of mirrors) expect(refsOf(each)).toMatchObject({ 'refs/heads/main': commit });
    expect(log.filter((line) => line.includes('from url'))).toHaveLength(1);
  });

  test('is free when a process that worked on it was killed, and what it left does not matter', async () => {
    here.init('up');
    const commit = here.commit('up', { a: '1' });
    const wanted = checkout({ branch: 'main', commit, depth: undefined });
    await (await fetch([wanted])).remove();
    const [id = ''] = readdirSync(here.path('cache/repositories'));
    const own = here.path(`cache/repositories/${id}`);
    for (const name of ['shallow.lock', 'packed-refs.lock', 'refs/heads/main.lock'])
      writeFileSync(join(own, 'full.git', name), '');
    writeFileSync(join(own, 'full.git/objects/pack/tmp_pack_x'), 'x');
    const holder = spawn('flock', [join(own, 'lock'), 'sh', '-c', 'echo held; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    await once(holder.stdout, 'data');
    await expect(fetch([wanted], open({ limits: { lockMs: 200 } }))).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retry: 'later',
    });
    const next = here.commit('up', { a: '2' });
    const waiting = fetch([checkout({ branch: 'main', commit: next, depth: undefined })]);
    process.kill(-(holder.pid ?? 0), 'SIGKILL');
    expect(refsOf(await waiting)).toMatchObject({ 'refs/heads/main': next });
    expect(
      readdirSync(join(own, 'full.git/objects/pack')).filter((name) => name.startsWith('tmp')),
    ).toEqual([]);
  });

  test('forgets what nobody asked for, and mirrors that were left behind', async () => {
    here.init('up');
    const commit = here.commit('up', { a: '1' });
    const mirrors = await fetch([checkout({ branch: 'main', commit })]);
    await open();
    expect(existsSync(mirrors.hostPath)).toBe(true);
    const later = { now: () => Date.now() + 61 * 24 * 3_600_000 };
    await open({ clock: later });
    expect(readdirSync(here.path('cache/mirrors'))).toEqual([]);
    expect(readdirSync(here.path('cache/repositories'))).toEqual([]);
  });

  test('neither runs what a repository of this machine would have run, nor reads the settings of its user', async () => {
    here.init('up');
    const commit = here.commit('up', { a: '1' });
    const pwned = here.path('pwned');
    for (const hook of ['post-checkout', 'reference-transaction', 'post-update'])
      writeFileSync(join(here.path('up/.git/hooks'), hook), `#!/bin/sh\ntouch ${pwned}\n`, {
        mode: 0o755,
      });
    here.git('up', 'config', 'uploadpack.packObjectsHook', `touch ${pwned};`);
    writeFileSync(here.path('.gitconfig'), '[url "file:///none"]\n\tinsteadOf = file://\n');
    const home = process.env['HOME'];
    process.env['HOME'] = here.folder;
    try {
      await fetch([checkout({ branch: 'main', commit })]);
    } finally {
      process.env['HOME'] = home;
    }
    expect(existsSync(pwned)).toBe(false);
  });
});
