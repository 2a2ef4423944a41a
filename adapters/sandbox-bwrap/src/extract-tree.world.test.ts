import {
  lstat,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { digestOf, systemClock } from '@kiln/base';
import type { TarEntry, TarMember } from '@kiln/tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EnvironmentStore } from './environment-store.ts';
import { extractLayers, extractTree } from './extract-tree.ts';
import type { ExtractedMember } from './extract-tree.ts';
import { removeTree } from './scratch.ts';

let directory: string;
let count = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-extract-'));
});

afterAll(async () => {
  await removeTree(directory);
});

function member(path: string, type: TarEntry['type'], detail = '', mode = 0o755): TarMember {
  const content = Buffer.from(type === 'file' ? detail : '');
  const entry: TarEntry = {
    path,
    type,
    mode,
    uid: 0,
    gid: 0,
    userName: 'root',
    groupName: 'root',
    sizeBytes: content.length,
    mtimeSeconds: 1_000_000_000,
    linkTarget: type === 'file' ? '' : detail,
    deviceMajor: 0,
    deviceMinor: 0,
    pax: new Map(),
  };
  return { entry, content };
}

async function extract(...members: ExtractedMember[]): Promise<string> {
  count += 1;
  const path = join(directory, `root-${count}`);
  await extractTree(path, members);
  return path;
}

describe('a tree is written', () => {
  test('with contents, modes, times and links, without devices and set-user bits', async () => {
    const root = await extract(
      member('usr', 'directory'),
      member('usr/bin', 'directory', '', 0o555),
      member('usr/bin/su', 'file', 'program', 0o4755),
      member('usr/bin/su2', 'hardlink', 'usr/bin/su'),
      member('bin', 'symlink', 'usr/bin'),
      member('null', 'char'),
      member('pipe', 'fifo'),
    );
    expect(await readdir(root)).toEqual(['bin', 'usr']);
    const su = await stat(join(root, 'bin/su'));
    expect(su.mode & 0o7777).toBe(0o755);
    expect(su.mtimeMs).toBe(1e12);
    expect(su.nlink).toBe(2);
    expect((await stat(join(root, 'usr/bin'))).mode & 0o7777).toBe(0o555);
    expect((await lstat(join(root, 'bin'))).mtimeMs).toBe(1e12);
  });

  test('with links to files that the host has, and copies where it has them no more', async () => {
    const host = join(directory, 'host-file');
    const other = join(directory, 'host-file-cut-short');
    await writeFile(host, 'linked');
    await writeFile(other, 'cop');
    for (const path of [host, other]) await utimes(path, 1_000_000_000, 1_000_000_000);
    const root = await extract(
      { ...member('a', 'file', 'linked'), file: host },
      { ...member('b', 'file', 'copied'), file: join(directory, 'absent') },
      { ...member('c', 'file', 'copied'), file: other },
      { ...member('a', 'file', 'later'), file: undefined },
      { ...member('d', 'file', 'linked'), file: host },
    );
    const read = (name: string): Promise<string> => readFile(join(root, name), 'utf8');
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(read))).toEqual([
      'later',
      'copied',
      'copied',
      'linked',
    ]);
    expect((await stat(join(root, 'd'))).ino).toBe((await stat(host)).ino);
    expect(await readFile(host, 'utf8')).toBe('linked');
  });

  test('through links as a process within the root would see them', async () => {
    const root = await extract(
      member('lib', 'symlink', 'usr/lib'),
      member('up', 'symlink', '/usr'),
      member('lib/a', 'file', 'a'),
      member('up/lib/b', 'file', 'b'),
    );
    expect(await readdir(join(root, 'usr/lib'))).toEqual(['a', 'b']);
    expect(await readlink(join(root, 'lib'))).toBe('usr/lib');
  });

  test('the last of several members with one path remains', async () => {
    const root = await extract(
      member('f', 'symlink', 'elsewhere'),
      member('f', 'file', 'one'),
      member('f', 'file', 'two'),
    );
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('two');
    expect((await lstat(join(root, 'f'))).isFile()).toBe(true);
  });
});

async function* streamed(members: readonly TarMember[]): AsyncGenerator<TarMember> {
  yield* members;
}

async function extractAll(...layers: readonly (readonly TarMember[])[]): Promise<string> {
  count += 1;
  const path = join(directory, `root-${count}`);
  await extractLayers(path, layers.map(streamed));
  return path;
}

describe('layers are written one upon the other', () => {
  const base = [
    member('etc', 'directory'),
    member('etc/a', 'file', 'a1'),
    member('etc/b', 'file', 'b1'),
    member('etc/conf', 'directory', '', 0o555),
    member('etc/conf/c', 'file', 'c1'),
    member('lib', 'symlink', 'usr/lib'),
    member('usr/lib/l', 'file', 'l1'),
  ];

  test('what comes later takes the place of whatever is there', async () => {
    const root = await extractAll(base, [
      member('etc/a', 'file', 'a2'),
      member('etc/conf', 'file', 'now a file'),
      member('etc/b', 'directory'),
      member('etc/b/inside', 'file', 'x'),
      member('lib/m', 'file', 'm1'),
      member('etc/link', 'hardlink', 'usr/lib/l'),
    ]);
    const read = (name: string): Promise<string> => readFile(join(root, name), 'utf8');
    expect(await read('etc/a')).toBe('a2');
    expect(await read('etc/conf')).toBe('now a file');
    expect(await read('etc/b/inside')).toBe('x');
    expect(await read('etc/link')).toBe('l1');
    expect(await readdir(join(root, 'usr/lib'))).toEqual(['l', 'm']);
  });

  test('whiteouts take away what is below, and nothing of their own layer', async () => {
    const root = await extractAll(base, [
      member('etc/.wh.a', 'file'),
      member('etc/conf/.wh.c', 'file'),
      member('lib/.wh.l', 'file'),
      member('etc/.wh.none', 'file'),
      member('none/.wh.none', 'file'),
      member('.wh..wh.plnk/1', 'file'),
      member('etc/b', 'file', 'b2'),
      member('etc/.wh.b', 'file'),
    ]);
    expect(await readdir(join(root, 'etc'))).toEqual(['b', 'conf']);
    expect(await readFile(join(root, 'etc/b'), 'utf8')).toBe('b2');
    expect(await readdir(join(root, 'etc/conf'))).toEqual([]);
    expect(await readdir(join(root, 'usr/lib'))).toEqual([]);
    expect(await readdir(root)).toEqual(['etc', 'lib', 'usr']);
  });

  test('an opaque directory has what its layer has, before the mark and behind it', async () => {
    const root = await extractAll(base, [
      member('etc', 'directory', '', 0o700),
      member('etc/conf/new', 'file', 'x'),
      member('etc/.wh..wh..opq', 'file'),
      member('etc/after', 'file', 'x'),
    ]);
    expect(await readdir(join(root, 'etc'))).toEqual(['after', 'conf']);
    expect(await readdir(join(root, 'etc/conf'))).toEqual(['new']);
    expect((await stat(join(root, 'etc'))).mode & 0o777).toBe(0o700);
    const empty = await extractAll(base, [member('.wh..wh..opq', 'file')]);
    expect(await readdir(empty)).toEqual([]);
  });

  test('no layer leads out', async () => {
    const secret = join(directory, 'secret');
    await writeFile(secret, 'kept');
    const link = [member('out', 'symlink', directory), member('up', 'symlink', '/..')];
    for (const second of [
      [member('out/.wh.secret', 'file')],
      [member('up/.wh.secret', 'file')],
      [member('out/.wh..wh..opq', 'file')],
      [member('out/secret', 'file', 'lost')],
      [member('.wh.out', 'file'), member('out/secret', 'file', 'lost')],
    ])
      await extractAll(link, second);
    expect(await readFile(secret, 'utf8')).toBe('kept');
    for (const second of [
      [member('../.wh.secret', 'file')],
      [member('h', 'hardlink', 'out/secret')],
      [member('x/.wh.', 'file')],
      [member('.wh.', 'file')],
      [member('.wh...', 'file')],
      [member('d', 'directory'), member('d', 'file')],
      [member('etc', 'hardlink', 'etc/a')],
    ])
      await expect(extractAll([...base, ...link], second)).rejects.toMatchObject({
        code: 'TREE_ENTRY_INVALID',
      });
  });
});

describe('a hostile archive is refused', () => {
  const cases: readonly (readonly [string, readonly TarMember[]])[] = [
    ['a path with ..', [member('a/../../x', 'file', 'x')]],
    ['an absolute path', [member('/x', 'file', 'x')]],
    ['a NUL in a path', [member('a\0b', 'file', 'x')]],
    ['a link that climbs out', [member('l', 'symlink', '../x')]],
    ['a link that climbs out deeper down', [member('a/l', 'symlink', 'b/../../../x')]],
    ['a link without target', [member('l', 'symlink', '')]],
    ['links in a circle', [member('l', 'symlink', 'l'), member('l/x', 'file', 'x')]],
    ['a hard link to nothing', [member('h', 'hardlink', 'etc/shadow')]],
    ['a hard link out', [member('h', 'hardlink', '../x')]],
    ['a hard link to a directory', [member('d', 'directory'), member('h', 'hardlink', 'd')]],
    ['a file in the place of a directory', [member('d/f', 'file'), member('d', 'file')]],
    ['a directory in the place of a file', [member('d', 'file'), member('d', 'directory')]],
    ['a path through a file', [member('f', 'file'), member('f/x', 'file')]],
    ['a name of 256 bytes', [member('n'.repeat(256), 'file')]],
    [
      'contents longer than announced',
      [{ ...member('f', 'file', 'x'), content: Buffer.from('xx') }],
    ],
    [
      'contents shorter than announced',
      [{ ...member('f', 'file', 'x'), content: Buffer.alloc(0) }],
    ],
  ];
  test.for(cases)('%s', async ([, members]) => {
    await expect(extract(...members)).rejects.toMatchObject({ code: 'TREE_ENTRY_INVALID' });
    expect(await readdir(directory)).not.toContain('x');
  });

  test('more entries than allowed', async () => {
    const members = [member('a', 'file'), member('b', 'file')];
    const path = join(directory, 'many');
    await expect(extractTree(path, members, { entries: 1, bytes: 100 })).rejects.toMatchObject({
      code: 'TREE_TOO_LARGE',
    });
  });
});

describe('an environment', () => {
  const key = digestOf('lock');
  async function* members(): AsyncGenerator<TarMember> {
    yield member('f', 'file', 'content');
  }

  test('is written once for simultaneous and later calls', async () => {
    const store = new EnvironmentStore({ directory: join(directory, 'environments') });
    let calls = 0;
    const counted = (): AsyncGenerator<TarMember> => {
      calls += 1;
      return members();
    };
    const paths = await Promise.all([store.ensure(key, counted), store.ensure(key, counted)]);
    expect(await store.ensure(key, counted)).toBe(paths[0]);
    expect(paths[1]).toBe(paths[0]);
    expect(calls).toBe(1);
    expect(await readFile(join(paths[0], 'f'), 'utf8')).toBe('content');
    expect((await store.list()).map((one) => one.key)).toEqual([key]);
    expect(await store.remove(key)).toBe(true);
    expect(await store.remove(key)).toBe(false);
    expect(await store.list()).toEqual([]);
  });

  test('is made again after a boot that it may not have survived, and kept once it is on disk', async () => {
    const options = { directory: join(directory, 'boots') };
    const path = dirname(await new EnvironmentStore(options).ensure(key, members));
    await writeFile(join(path, 'root/f'), '');
    await writeFile(join(path, 'state'), 'of another boot');
    const text = async (clock = systemClock): Promise<string> => {
      const root = await new EnvironmentStore({ ...options, clock }).ensure(key, members);
      return readFile(join(root, 'f'), 'utf8');
    };
    expect(await text()).toBe('content');
    expect(await text({ now: () => Date.now() + 120_000 })).toBe('content');
    expect(await readFile(join(path, 'state'), 'utf8')).toBe('on disk');
    await writeFile(join(path, 'root/f'), 'as it was');
    expect(await text()).toBe('as it was');
  });

  test('two stores of one directory agree', async () => {
    const options = { directory: join(directory, 'shared') };
    const stores = [new EnvironmentStore(options), new EnvironmentStore(options)];
    const paths = await Promise.all(stores.map((store) => store.ensure(key, members)));
    expect(new Set(paths).size).toBe(1);
    expect(await readdir(options.directory)).toHaveLength(1);
  });

  test('that fails half-way leaves nothing, and a crash is swept up', async () => {
    const options = { directory: join(directory, 'failing') };
    const store = new EnvironmentStore(options);
    async function* failing(): AsyncGenerator<TarMember> {
      yield* members();
      throw new Error('the source broke');
    }
    await expect(store.ensure(key, failing)).rejects.toThrow('the source broke');
    expect(await readdir(options.directory)).toEqual([]);
    await extractTree(join(options.directory, '.tmp-crashed'), members());
    await store.sweep();
    expect(await readdir(options.directory)).toHaveLength(1);
    await utimes(join(options.directory, '.tmp-crashed'), 0, 0);
    await store.sweep();
    expect(await readdir(options.directory)).toEqual([]);
  });
});
