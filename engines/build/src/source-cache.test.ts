import type { SourceReference } from '@kiln/recipe';
import { MemoryBlobs } from '@kiln/blobs';
import { expect, test } from 'vitest';
import type { GitFetchRequest, GitMirrors } from './git-sources.ts';
import { fetchSources, gitVariables } from './source-cache.ts';
import type { Workspace } from './workspace.ts';

const place = {
  stepIndex: 0,
  topLevel: true,
  subpackage: undefined,
  position: { file: '', line: 1, column: 1 },
};

const archive = (hex: string): SourceReference => ({
  kind: 'archive',
  uri: `https://example.org/${hex}`,
  digest: { algorithm: 'sha256', hex },
  purlName: '',
  purlVersion: '',
  ...place,
});

const checkout: SourceReference = {
  kind: 'git',
  repository: 'https://example.org/r',
  branch: undefined,
  tag: 'v1',
  commit: 'a'.repeat(40),
  mustBeTip: false,
  depth: 1,
  submodules: false,
  cherryPicks: [],
  ...place,
};

interface World {
  readonly fetched: string[];
  readonly written: string[];
  readonly removed: string[];
  readonly asked: GitFetchRequest[];
}

async function fetch(needed: readonly SourceReference[], failing = false) {
  const world: World = { fetched: [], written: [], removed: [], asked: [] };
  const blobs = new MemoryBlobs();
  const workspace: Workspace = {
    hostPath: '/host/cache',
    write: async ({ path, mode }) => void world.written.push(`${path} ${mode.toString(8)}`),
    makeDirectory: async (path) => void world.written.push(`${path}/`),
    readTree: () => {
      throw new Error('not read');
    },
    list: async () => [],
    read: async () => undefined,
    remove: async () => void world.removed.push('cache'),
  };
  const mirrors: GitMirrors = {
    hostPath: '/host/mirrors',
    repositories: [{ url: 'https://example.org/r', name: 'r.git' }],
    remove: async () => void world.removed.push('mirrors'),
  };
  const cache = fetchSources({
    needed,
    name: 'x',
    blobs,
    sources: {
      fetch: async ({ uri }) => {
        world.fetched.push(uri);
        const { digest, sizeBytes } = await blobs.put(Buffer.from(uri));
        return { blob: digest, sizeBytes, from: 'url' };
      },
    },
    git: {
      fetch: async (request) => {
        world.asked.push(request);
        if (failing) throw new Error('no such tag');
        return mirrors;
      },
    },
    workspaces: { create: async () => workspace },
    onLog: () => {},
  });
  return { world, cache };
}

test('archives lie by digest, each once, and repositories below them', async () => {
  const { world, cache } = await fetch([archive('aa'), checkout, archive('bb'), archive('aa')]);
  const { mounts, repositories, remove } = await cache;
  expect(world.fetched).toEqual(['https://example.org/aa', 'https://example.org/bb']);
  expect(world.written).toEqual(['sha256:aa 444', 'sha256:bb 444', 'git/']);
  expect(world.asked[0]?.checkouts).toEqual([checkout]);
  expect(mounts).toEqual([
    { source: '/host/cache', target: '/var/cache/melange', readOnly: true },
    { source: '/host/mirrors', target: '/var/cache/melange/git', readOnly: true },
  ]);
  expect(repositories).toEqual([{ url: 'https://example.org/r', name: 'r.git' }]);
  await remove();
  expect(world.removed).toEqual(['mirrors', 'cache']);
});

test('a build without sources is shown nothing', async () => {
  const { world, cache } = await fetch([]);
  expect(await cache).toMatchObject({ mounts: [], repositories: [] });
  expect(world).toEqual({ fetched: [], written: [], removed: [], asked: [] });
});

test('what was fetched is removed when a repository fails', async () => {
  const { world, cache } = await fetch([archive('aa'), checkout], true);
  await expect(cache).rejects.toThrow('no such tag');
  expect(world.removed).toEqual(['cache']);
});

test('git takes addresses from the repositories, besides what it was set to', () => {
  const repositories = [
    { url: 'https://example.org/a', name: '1.git' },
    { url: 'https://example.org/b', name: '2.git' },
  ];
  expect(gitVariables({ repositories }, {})).toEqual({
    GIT_CONFIG_COUNT: '3',
    GIT_CONFIG_KEY_0: 'url.file:///var/cache/melange/git/1.git.insteadOf',
    GIT_CONFIG_VALUE_0: 'https://example.org/a',
    GIT_CONFIG_KEY_1: 'url.file:///var/cache/melange/git/2.git.insteadOf',
    GIT_CONFIG_VALUE_1: 'https://example.org/b',
    GIT_CONFIG_KEY_2: 'protocol.file.allow',
    GIT_CONFIG_VALUE_2: 'always',
  });
  const set = { GIT_CONFIG_COUNT: '2', GIT_CONFIG_KEY_0: 'x.y' };
  const besides = gitVariables({ repositories: repositories.slice(1) }, set);
  expect(besides['GIT_CONFIG_COUNT']).toBe('4');
  expect(besides).not.toHaveProperty('GIT_CONFIG_KEY_0');
  expect(besides['GIT_CONFIG_VALUE_2']).toBe('https://example.org/b');
  expect(gitVariables({ repositories: [] }, set)).toEqual({});
});
