import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CachedGitSources } from '@kiln/git-sources';
import { TestRepositories } from '@kiln/git-sources/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HostBuild, shells, type Result } from './host-build.ts';

/**
 * `git-checkout` with both shells: from an address that is reached directly (a directory of the guest), where the step has
 * to see for itself, and from the repositories that were fetched before the build.
 */
describe.each(shells)('in %s', (shell) => {
  let host: HostBuild;
  let here: TestRepositories;

  beforeAll(() => {
    host = new HostBuild(shell);
  });

  afterAll(() => host.remove());

  beforeEach(() => {
    here = new TestRepositories();
    here.init('up');
  });

  afterEach(() => here[Symbol.dispose]());

  const guestUrl = 'file:///home/build/repositories/up';

  async function run(
    steps: string,
    sources: 'direct' | 'fetched',
    side: Readonly<Record<string, string>> = {},
  ): Promise<Result> {
    const recipe = `package: {name: a, version: "1"}\npipeline:\n${steps}`;
    if (sources === 'direct') {
      const mounts = [{ source: here.folder, target: '/home/build/repositories', readOnly: true }];
      return host.run({ recipe, side, mounts });
    }
    const git = await CachedGitSources.open({
      directory: here.path('cache'),
      localDirectories: [here.folder],
    });
    return host.run({ recipe, side, git });
  }

  interface Inputs {
    readonly [name: string]: string;
  }

  function checkout(inputs: Inputs): string {
    // A wait would be no part of what is tested.
    const all = { 'max-retries': '0', ...inputs };
    return `  - uses: git-checkout\n    with: ${JSON.stringify(all)}\n`;
  }

  /** What the commands print after the checkout. */
  async function look(
    inputs: Inputs,
    commands: string,
    { sources = 'direct', side = {} }: { sources?: 'direct' | 'fetched'; side?: Inputs } = {},
  ): Promise<string[]> {
    const repository = sources === 'direct' ? guestUrl : here.url('up');
    const steps = `${checkout({ repository, ...inputs })}  - name: look\n    runs: ${JSON.stringify(commands)}\n`;
    const { outcome, log } = await run(steps, sources, side);
    expect({ kind: outcome.kind, log }).toMatchObject({ kind: 'built' });
    return log.filter((line) => line.startsWith('a: look')).map((line) => line.slice(10));
  }

  async function failure(
    inputs: Inputs,
    sources: 'direct' | 'fetched' = 'direct',
  ): Promise<string> {
    const repository = sources === 'direct' ? guestUrl : here.url('up');
    const { outcome, log } = await run(checkout({ repository, ...inputs }), sources);
    expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
    return log.join('\n');
  }

  describe.each(['direct', 'fetched'] as const)('from a repository that is %s', (sources) => {
    test('a tag is checked out beside other files, also where a branch has its name', async () => {
      const commit = here.commit('up', { 'a b': 'tagged\n', 'dir/c': '1' });
      here.git('up', 'tag', 'same');
      here.git('up', 'switch', '--quiet', '--create', 'same');
      here.commit('up', { 'a b': 'branch\n' });
      const found = await look(
        { tag: 'same', 'expected-commit': commit, destination: "it's here" },
        `cd it*; cat 'a b' own; git rev-parse HEAD; git describe --tags; git rev-list --count HEAD; git config remote.origin.url; stat -c %a .`,
        { sources, side: { "it's here/own": 'own\n' } },
      );
      const url = sources === 'direct' ? guestUrl : here.url('up');
      expect(found).toEqual(['tagged', 'own', commit, 'same', '1', url, '700']);
    });

    test('the object of an annotated tag is accepted, with a warning', async () => {
      const commit = here.commit('up', { a: '1' });
      here.git('up', 'tag', '--annotate', '--message', 'one', 'v1');
      const object = here.git('up', 'rev-parse', 'v1');
      const repository = sources === 'direct' ? guestUrl : here.url('up');
      const steps = checkout({ repository, tag: 'v1', 'expected-commit': object.toUpperCase() });
      const { outcome, log } = await run(steps, sources);
      expect({ kind: outcome.kind, log }).toMatchObject({ kind: 'built' });
      expect(log.join('\n')).toMatch(`its commit is ${commit}`);
    });

    test('a commit in the history of a branch is gone back to, with its history', async () => {
      const [first, second] = ['1', '2', '3'].map((text) => here.commit('up', { a: text }));
      const found = await look(
        { branch: 'main', 'expected-commit': second ?? '' },
        'cat a; echo; git log --format=%H; git status --porcelain --untracked-files=no; git rev-parse --abbrev-ref HEAD',
        { sources },
      );
      expect(found).toEqual(['2', second, first, 'main']);
    });

    test('cherry-picks come from branches, and give the same commits at any time', async () => {
      const base = here.commit('up', { a: '1' });
      here.git('up', 'tag', 'v1');
      here.git('up', 'switch', '--quiet', '--create', 'fixes');
      const one = here.commit('up', { one: '1' });
      const two = here.commit('up', { two: '2' });
      here.git('up', 'switch', '--quiet', 'main');
      const own = here.commit('up', { own: '3' });
      const picks = [
        '# what we need',
        '',
        `fixes/${one}: the "first" \`of\` $them # (not this)`,
        `  fixes/${two}:second`,
        `main/${own}: from another branch`,
      ].join('\n');
      const inputs = { tag: 'v1', 'expected-commit': base, 'cherry-picks': picks };
      const commands = `cat one two own; echo; git log --format='%H %ct %cn %ce'; git log -3 --format=%b | grep .`;
      const found = await look(inputs, commands, { sources });
      expect(found[0]).toBe('123');
      expect(found.slice(1, 4).map((line) => line.slice(41))).toEqual(
        Array.from({ length: 3 }, () => '1700000000 Melange Build build@localhost'),
      );
      expect(found.slice(5)).toEqual(
        [own, two, one].map((commit) => `(cherry picked from commit ${commit})`),
      );
      expect(await look(inputs, commands, { sources })).toEqual(found);
    });

    test('a branch that is checked out may be picked from', async () => {
      const base = here.commit('up', { a: '1' });
      const later = here.commit('up', { b: '2' });
      const found = await look(
        { branch: 'main', 'expected-commit': base, 'cherry-picks': `main/${later}: ahead` },
        'cat a b; echo; git rev-list --count HEAD',
        { sources },
      );
      expect(found).toEqual(['12', '2']);
    });

    test('directories are picked with the files on the way to them', async () => {
      const commit = here.commit('up', {
        top: '1',
        'x/y/in': '1',
        'x/on-the-way': '1',
        'z/out': '1',
      });
      const found = await look(
        { branch: 'main', 'expected-commit': commit, 'sparse-paths': 'x/y\n' },
        `find . -type f ! -path './.*' ! -path './repositories/*' | LC_ALL=C sort; git status --porcelain --untracked-files=no`,
        { sources },
      );
      expect(found).toEqual(['./top', './x/on-the-way', './x/y/in']);
    });

    test('submodules come when asked for, with theirs', async () => {
      here.init('leaf');
      here.commit('leaf', { leaf: 'old\n' });
      here.init('middle');
      here.git('middle', 'submodule', '--quiet', 'add', here.url('leaf'), 'leaf');
      here.git('middle', 'config', '--file', '.gitmodules', 'submodule.leaf.url', '../leaf');
      here.commit('middle', { middle: '1\n' });
      here.git('up', 'submodule', '--quiet', 'add', here.url('middle'), 'sub');
      here.git('up', 'config', '--file', '.gitmodules', 'submodule.sub.url', '../middle');
      const commit = here.commit('up', { a: '1' });
      here.git('up', 'tag', 'v1');
      here.commit('leaf', { leaf: 'new\n' });
      // Reached directly, git has to be told that a directory is no threat.
      const allow = 'git config --global protocol.file.allow always';
      const repository = sources === 'direct' ? guestUrl : here.url('up');
      const inputs = { repository, tag: 'v1', 'expected-commit': commit };
      for (const shallow of ['false', 'true']) {
        const { outcome, log } = await run(
          [
            `  - runs: ${allow}\n`,
            checkout({ ...inputs, 'recurse-submodules': 'true', 'shallow-submodules': shallow }),
            '  - {name: look, runs: cat sub/middle sub/leaf/leaf}\n',
          ].join(''),
          sources,
        );
        expect({ kind: outcome.kind, log }).toMatchObject({ kind: 'built' });
        expect(log.filter((line) => line.startsWith('a: look'))).toEqual([
          'a: look | 1',
          'a: look | old',
        ]);
      }
      expect(
        await look({ tag: 'v1', 'expected-commit': commit }, 'ls sub | wc -l', { sources }),
      ).toEqual(['0']);
    });

    test('without a tag or a branch it is what the repository has for itself', async () => {
      here.git('up', 'switch', '--quiet', '--create', 'trunk');
      const commit = here.commit('up', { a: '1' });
      const found = await look({ 'expected-commit': commit }, 'git rev-parse --abbrev-ref HEAD', {
        sources,
      });
      expect(found).toEqual(['trunk']);
    });
  });

  test('a tag that is another commit is refused', async () => {
    const commit = here.commit('up', { a: '1' });
    here.git('up', 'tag', 'v1');
    const said = await failure({ tag: 'v1', 'expected-commit': 'a'.repeat(40) });
    expect(said).toContain(`tag v1 is commit ${commit}, not the expected ${'a'.repeat(40)}`);
  });

  test('a branch that does not have the commit is refused, and says why', async () => {
    const base = here.commit('up', { a: '1' });
    here.git('up', 'switch', '--quiet', '--create', 'side');
    const side = here.commit('up', { a: 'side' });
    here.git('up', 'switch', '--quiet', 'main');
    here.commit('up', { a: '2' });
    const branch = { branch: 'main', 'expected-commit': base };
    expect(await failure({ ...branch, depth: '1' })).toMatch(/set depth to -1/);
    expect(await failure({ branch: 'main', 'expected-commit': side })).toMatch(/they diverged/);
    expect(await failure({ ...branch, 'expected-commit-is-branch-tip': 'true' })).toMatch(
      /the tip of branch main is/,
    );
  });

  test.each([
    [{ tag: 'a', branch: 'b' }, /do not go together/],
    [{ tag: 'a', 'expected-commit-is-branch-tip': 'true' }, /needs branch and expected-commit/],
    [{ branch: 'a', 'expected-commit-is-branch-tip': 'true' }, /needs branch and expected-commit/],
    [{ tag: 'a', 'recurse-submodules': 'maybe' }, /neither true nor false: maybe/],
    [{ tag: 'a', depth: 'deep' }, /depth is neither/],
    [{ tag: 'a', 'submodule-jobs': '-1' }, /no whole number/],
    [{ tag: 'a b' }, /no name of a branch or tag/],
    [{ tag: 'none' }, /cloning failed 1 times/],
  ])('%j is refused', async (inputs, message) => {
    here.commit('up', { a: '1' });
    expect(await failure(inputs as Inputs)).toMatch(message);
  });

  test.each([
    ['abc', /no|is not "\[branch\/\]commit: comment"/],
    ['main/abc:', /is not "\[branch\/\]commit: comment"/],
    ['main/: x', /names no commit/],
    ['none/abc: x', /branch none could not be fetched/],
    ['main/0123: x', /commit 0123 could not be applied/],
  ])('the cherry-pick %j is refused', async (line, message) => {
    here.commit('up', { a: '1' });
    expect(await failure({ branch: 'main', 'cherry-picks': line })).toMatch(message);
  });

  test('what was fetched once is enough, whatever becomes of upstream, and nothing else is seen', async () => {
    here.commit('up', { a: '1' });
    const commit = here.commit('up', { a: '2' });
    here.git('up', 'tag', 'v2');
    const inputs = { branch: 'main', 'expected-commit': commit };
    const commands = `git for-each-ref --format='%(refname) %(objectname)'; git describe --always --tags; git rev-list --count HEAD`;
    const first = await look(inputs, commands, { sources: 'fetched' });
    expect(first).toEqual([
      `refs/heads/main ${commit}`,
      `refs/remotes/origin/HEAD ${commit}`,
      `refs/remotes/origin/main ${commit}`,
      commit.slice(0, 7),
      '2',
    ]);
    const next = here.commit('up', { a: '3' });
    await look({ branch: 'main', 'expected-commit': next }, 'true', { sources: 'fetched' });
    rmSync(join(here.path('up'), '.git/objects'), { recursive: true });
    expect(await look(inputs, commands, { sources: 'fetched' })).toEqual(first);
  });

  test('a directory of the host is named by its path', async () => {
    const commit = here.commit('up', { a: '1' });
    here.git('up', 'tag', 'v1');
    const found = await look(
      { repository: here.path('up'), tag: 'v1', 'expected-commit': commit },
      'git rev-parse HEAD',
      { sources: 'fetched' },
    );
    expect(found).toEqual([commit]);
  });

  test('two checkouts of one repository are two work trees', async () => {
    const one = here.commit('up', { a: 'one\n' });
    here.git('up', 'tag', 'v1');
    const two = here.commit('up', { a: 'two\n' });
    const repository = here.url('up');
    const steps = [
      checkout({ repository, tag: 'v1', 'expected-commit': one, destination: 'x' }),
      checkout({ repository, branch: 'main', 'expected-commit': two, destination: 'y' }),
      '  - {name: look, runs: cat x/a y/a}\n',
    ].join('');
    const { outcome, log } = await run(steps, 'fetched');
    expect({ kind: outcome.kind, log }).toMatchObject({ kind: 'built' });
    expect(log.filter((line) => line.startsWith('a: look'))).toEqual([
      'a: look | one',
      'a: look | two',
    ]);
  });

  test('the test of a package has its repositories too', async () => {
    const commit = here.commit('up', { a: 'tested\n' });
    here.git('up', 'tag', 'v1');
    const inputs = { repository: here.url('up'), tag: 'v1', 'expected-commit': commit };
    const { outcome, log } = await host.test(
      JSON.stringify({
        package: { name: 'a', version: '1' },
        test: { pipeline: [{ uses: 'git-checkout', with: inputs }, { runs: 'cat a' }] },
      }),
      await CachedGitSources.open({
        directory: here.path('cache'),
        localDirectories: [here.folder],
      }),
    );
    expect({ outcome, log }).toMatchObject({ outcome: { kind: 'passed' } });
    expect(log.at(-1)).toBe('a: cat a | tested');
  });

  test('hooks of a repository are not run, and its files cannot leave the destination', async () => {
    const commit = here.commit('up', { a: '1' });
    here.git('up', 'tag', 'v1');
    writeFileSync(
      join(here.path('up'), '.git/hooks/post-checkout'),
      '#!/bin/sh\ntouch /home/build/pwned\n',
      {
        mode: 0o755,
      },
    );
    const found = await look(
      { tag: 'v1', 'expected-commit': commit, destination: 'd' },
      'ls /home/build; ls d/.git/hooks | sed /sample/d',
      { sources: 'fetched' },
    );
    expect(found).toEqual(['d', 'melange-out']);
  });
});
