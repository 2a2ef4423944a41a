import { createHash, generateKeyPairSync } from 'node:crypto';
import { checksumRecord } from '@kiln/apk';
import { parseImageConfig } from '@kiln/image-config';
import { fileEntry, printHeaderAs } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { describe, expect, test } from 'vitest';
import { assemble, readText, treeEntries } from './index.ts';
import type { AssembledTree } from './index.ts';
import { FileTree } from './file-tree.ts';
import { newSymlink } from './node.ts';
import { directory, file, fixturePackage, symlink } from './package-fixture.ts';
import type { PackageContents } from './package-contents.ts';
import type { FixtureMember } from './package-fixture.ts';
import { apkoRules } from './path-rules.ts';
import { scriptsTar } from './scripts.ts';
import type { SharedObject } from './shared-object.ts';

function build(yaml: string, ...members: readonly FixtureMember[]): Promise<AssembledTree> {
  return buildOf(yaml, fixturePackage('a', members));
}

function buildOf(yaml: string, contents: PackageContents): Promise<AssembledTree> {
  return assemble({
    config: parseImageConfig(yaml, 'image.yaml', 'apko'),
    dialect: 'apko',
    arch: 'amd64',
    packages: [contents],
    repositories: ['r'],
    keyring: [],
    sourceDateEpochSeconds: 1000,
  });
}

async function entry(assembled: AssembledTree, path: string): Promise<TarEntry | undefined> {
  for await (const one of treeEntries(assembled)) if (one.entry.path === path) return one.entry;
  return undefined;
}

describe("apko's paths", () => {
  const tree = new FileTree(apkoRules);
  tree.mkdirAll('usr/lib/x', 0o755);
  tree.mkdirAll('x', 0o700);
  tree.put('lib', newSymlink('usr/lib'));
  tree.put('usr/lib/back', newSymlink('../x'));
  tree.put('up', newSymlink('../x'));
  tree.put('dotted', newSymlink('/usr/./lib'));
  tree.put('dangling', newSymlink('nothing'));

  test('a relative link counts from the text that led to it', () => {
    expect(tree.realPath('lib/back')).toBe('x');
    expect(tree.at('usr/lib/back')).toBeUndefined();
  });

  test('a link above the root leads nowhere, and so does an absolute one with a dot in it', () => {
    expect(tree.at('up')).toBeUndefined();
    expect(tree.at('dotted')).toBeUndefined();
  });

  test('dots are names, except in what is said of a parent', () => {
    expect(tree.at('usr/../x')).toBeUndefined();
    expect(tree.entryAt('usr/../dangling')?.type).toBe('symlink');
    expect(() => tree.mkdirAll('usr/../y', 0o755)).toThrow('is no name of a directory');
  });

  test('a directory is not made through a link that leads nowhere, a file is', () => {
    expect(() => tree.mkdirAll('dangling/y', 0o755)).toThrow('leads nowhere');
    tree.write('dangling', 'text');
    expect(tree.at('nothing')?.type).toBe('file');
  });
});

describe("apko's path mutations", () => {
  const one = (text: string): string => `{contents: {}, paths: [{${text}}]}`;

  test('modes of a directory reach what links in it lead to', async () => {
    const recursive = one('path: d, type: permissions, permissions: 0o700, recursive: true');
    const members = [directory('d'), symlink('d/link', '../f'), file('f', 'x')];
    expect((await entry(await build(recursive, ...members), 'f'))?.mode).toBe(0o700);
    const dangling = [directory('d'), symlink('d/link', 'nothing')];
    await expect(build(recursive, ...dangling)).rejects.toThrow('no such file');
  });

  test('a hard link to what it takes the place of fails, as one over a link that leads nowhere does', async () => {
    await expect(build(one('path: f, type: hardlink, source: f'), file('f', 'x'))).rejects.toThrow(
      'does not exist',
    );
    const over = one('path: l, type: hardlink, source: f, permissions: 0o644');
    await expect(build(over, file('f', 'x'), symlink('l', 'nothing'))).rejects.toThrow(
      'leads nowhere',
    );
  });

  test('an emptied database names no packages, and something else in its place is refused', async () => {
    const young = fixturePackage('a', [file('f', 'x')], { info: { buildTimeSeconds: 5000 } });
    const over = (what: string): Promise<AssembledTree> =>
      buildOf(one(`path: lib/apk/db/installed, permissions: 0o644, ${what}`), young);
    const permitted = await over('type: permissions');
    expect(permitted).toMatchObject({ buildDateSeconds: 5000, recorded: [young] });
    const emptied = await over('type: empty-file');
    expect(emptied).toMatchObject({ buildDateSeconds: 1000, recorded: [], packages: [young] });
    for (const source of ['f', 'etc'])
      await expect(over(`type: hardlink, source: ${source}`)).rejects.toThrow('no longer there');
  });

  test('what is put at the root itself is never seen', async () => {
    for (const what of ['type: empty-file', 'type: symlink, source: /etc']) {
      const made = await build(one(`path: /, ${what}, permissions: 0o755`));
      expect(await entry(made, '/')).toBeUndefined();
    }
    await expect(build(one('path: ., type: empty-file'))).rejects.toThrow('is a directory');
    await expect(build(one('path: "", type: empty-file'))).rejects.toThrow('is a directory');
  });

  test('an empty file in the place of one of a package has the content that it had there', async () => {
    const config = `{contents: {}, accounts: {groups: [{groupname: g, gid: 5}]}, paths: [
      {path: /etc/passwd, type: empty-file, permissions: 0o644},
      {path: /etc/group, type: empty-file, permissions: 0o644}]}`;
    const passwd = 'root:x:0:0:root:/:/bin/sh\n';
    const made = await build(config, directory('etc'), file('etc/passwd', passwd));
    expect(await readText(made.tree, 'etc/passwd')).toBe(passwd);
    expect(await readText(made.tree, 'etc/group')).toBe('');
  });

  test('a device can be an empty file', async () => {
    const made = await build(one('path: /dev/null, type: empty-file, permissions: 0o600'));
    expect(await entry(made, 'dev/null')).toMatchObject({ type: 'char', mode: 0o600 });
  });
});

describe("apko's accounts", () => {
  test('a name may be of several fields, and is what run-as means', async () => {
    const made = await build(
      '{contents: {}, accounts: {run-as: "w:x", users: [{username: "w:x", uid: 7, homedir: /h}]}}',
    );
    expect(made.config.accounts.runAs).toBe('7');
    expect(await readText(made.tree, 'etc/passwd')).toBe(
      'w:x:x:7:7:Account created by apko:/h:/bin/sh\n',
    );
  });

  test('of ids of packages the lower 32 bits count', async () => {
    const passwd = 'neg:x:-1:4294967297:r:/dev/null:/s\n';
    const made = await build('{contents: {}}', directory('etc'), file('etc/passwd', passwd));
    expect(await readText(made.tree, 'etc/passwd')).toBe('neg:x:4294967295:1:r:/dev/null:/s\n');
    const huge = file('etc/passwd', 'a:x:9223372036854775808:0:r:/dev/null:/s\n');
    await expect(build('{contents: {}}', directory('etc'), huge)).rejects.toThrow('malformed');
  });

  test('of a home with a slash at its end the user gets the outer directory', async () => {
    const users = 'users: [{username: a, uid: 7, homedir: /srv/a/}]';
    const made = await build(`{contents: {}, accounts: {${users}}}`);
    expect(await entry(made, 'srv/a')).toMatchObject({ mode: 0o755, uid: 7, gid: 7 });
    expect(await entry(made, 'srv/a/a')).toMatchObject({ mode: 0o700, uid: 0, gid: 0 });
  });

  test('a home whose path goes up is refused', async () => {
    const users = 'users: [{username: a, uid: 7, homedir: /a/b/../c}]';
    await expect(build(`{contents: {}, accounts: {${users}}}`)).rejects.toThrow('/a/b/../c');
  });
});

test('a checksum may be written as indexes write it', async () => {
  const one = file('f', 'x');
  const record = `Q1${createHash('sha1').update('x').digest('base64')}`;
  const pax = new Map([[checksumRecord, new TextEncoder().encode(record)]]);
  const made = await build('{contents: {}}', { ...one, entry: { ...one.entry, pax } });
  expect(await readText(made.tree, 'usr/lib/apk/db/installed')).toContain(`\nZ:${record}\n`);
});

test('a directory behind what is in it is recorded behind it', async () => {
  const members = [directory('b/c'), file('b/c/f', 'x'), directory('b'), directory('a')];
  const made = await build('{contents: {}}', ...members);
  const text = await readText(made.tree, 'usr/lib/apk/db/installed');
  expect(text?.match(/^[FR]:.*/gm)).toEqual(['F:a', 'F:b/c', 'R:f', 'F:b']);
});

test('a directory in the place of a bundle of certificates is refused', async () => {
  const path = 'etc/ssl/certs/ca-certificates.crt';
  const yaml = `{contents: {}, paths: [{path: ${path}, type: directory, permissions: 0o755}]}`;
  await expect(build(yaml)).rejects.toThrow('is a directory');
});

test('a certificate of a provider that is a link to nothing or to a directory is refused', async () => {
  const folder = 'usr/local/share/ca-certificates';
  const yaml = '{contents: {}, certificates: {providers: [company]}}';
  const made = (target: string): Promise<AssembledTree> =>
    buildOf(
      yaml,
      fixturePackage('a', [directory(`${folder}/d.crt`), symlink(`${folder}/a.crt`, target)], {
        info: { provides: ['company'] },
      }),
    );
  await expect(made('nothing')).rejects.toThrow('a certificate that is not there');
  await expect(made('d.crt')).rejects.toThrow('is a directory');
  const others = fixturePackage('a', [directory(`${folder}/d.crt`)], {
    info: { provides: ['company'] },
  });
  expect(await entry(await buildOf(yaml, others), `${folder}/d.crt`)).toMatchObject({
    type: 'directory',
  });
});

test('a runtime key keeps its bytes, also what is in them behind the key, and is one to Go', async () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const made = (der: Buffer): Promise<AssembledTree> => {
    const content = `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----`;
    return build(
      `{contents: {runtime_keyring: [{name: k, content: ${JSON.stringify(content)}}]}}`,
      directory('a'),
    );
  };
  const longer = Buffer.concat([key, Buffer.of(5, 0)]);
  longer.writeUInt8(longer.length - 3, 2);
  const text = await readText((await made(longer)).tree, 'etc/apk/keys/k');
  expect(text?.split('\n').slice(1, -2).join('')).toBe(longer.toString('base64'));
  await expect(made(Buffer.concat([key, Buffer.of(0)]))).rejects.toThrow('bytes behind it');
});

test('a file in the place of the directory of such a bundle is refused, and not one further up', async () => {
  const yaml = (path: string): string =>
    `{contents: {}, paths: [{path: ${path}, type: empty-file}]}`;
  await expect(build(yaml('etc/ssl/certs'))).rejects.toThrow('its parent is a file');
  expect(await entry(await build(yaml('etc/ssl')), 'etc/ssl')).toMatchObject({ type: 'file' });
});

test('scripts keep the format of their headers, which holds their name and time', () => {
  const scripts = (
    name: string,
    format: 'ustar' | 'pax' | 'gnu' | undefined,
    mtimeSeconds = 0,
  ): number => {
    const entry = fileEntry('.post-install', 0, { mode: 0o755 });
    // Records say a time before 1970; older headers name no format.
    const dated = format === 'pax' ? { ...entry, mtimeSeconds: -1 } : entry;
    const headers = format === undefined ? new Uint8Array(512) : printHeaderAs(format, dated);
    const control = [{ entry, content: new Uint8Array(0), headers: headers! }];
    const one = { ...fixturePackage(name, []), control };
    return scriptsTar([one], { mtimeSeconds, dialect: 'apko' }).length;
  };
  const long = 'a'.repeat(90);
  for (const format of ['ustar', 'pax', 'gnu', undefined] as const)
    expect(scripts('a', format)).toBe(1536);
  for (const seconds of [-1, 2 ** 33]) {
    expect(() => scripts('a', 'ustar', seconds)).toThrow('does not hold');
    expect(scripts('a', 'gnu', seconds)).toBe(1536);
    expect(scripts('a', 'pax', seconds)).toBe(2560);
  }
  expect(() => scripts(long, 'ustar')).toThrow('does not hold');
  for (const format of ['pax', 'gnu', undefined] as const) expect(scripts(long, format)).toBe(2560);
});

test('a directory of a control segment has a slash behind its name', () => {
  const { entry } = directory('lib');
  const control = [{ entry, content: new Uint8Array(0), headers: printHeaderAs('ustar', entry)! }];
  const tar = scriptsTar([{ ...fixturePackage('a', []), control }], {
    mtimeSeconds: 1,
    dialect: 'apko',
  });
  expect(Buffer.from(tar.subarray(0, 100)).toString()).toMatch(/^a-1-r0\.Q1\S+lib\/\0+$/);
});

test('a hard link to a device has its numbers', async () => {
  const link = { entry: { ...symlink('null', 'dev/null').entry, type: 'hardlink' as const } };
  const numbers = { deviceMajor: 1, deviceMinor: 3, linkTarget: 'dev/null' };
  expect(await entry(await build('{contents: {}}', link), 'null')).toMatchObject(numbers);
});

test('blanks around a line of accounts are those of Go', async () => {
  const passwd = '\ufeffa:x:1:1:r:/dev/null:/s \n\u0085b:x:1:1:r:/dev/null:\u00a0\n';
  const made = await build('{contents: {}}', directory('etc'), file('etc/passwd', passwd));
  expect(await readText(made.tree, 'etc/passwd')).toBe(
    '\ufeffa:x:1:1:r:/dev/null:/s\nb:x:1:1:r:/dev/null:\n',
  );
});

test('triggers have a line for each time that a package names some', async () => {
  const info = { triggers: ['/a /b', '/c'] };
  const made = await buildOf('{contents: {}}', fixturePackage('a', [], { info }));
  const lines = (await readText(made.tree, 'usr/lib/apk/db/triggers'))?.split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/^Q1\S+ \/a \/b$/),
    expect.stringMatching(/^Q1\S+ \/c$/),
    '',
  ]);
});

test('what apko writes itself has its mode, also in the place of what a package has', async () => {
  const made = await build(
    '{contents: {}}',
    directory('etc'),
    file('etc/apko.json', 'x', { mode: 0o600 }),
    file('etc/ld.so.conf', ''),
    file('etc/ld.so.cache', 'x', { mode: 0o755 }),
  );
  expect((await entry(made, 'etc/apko.json'))?.mode).toBe(0o444);
  expect((await entry(made, 'etc/ld.so.cache'))?.mode).toBe(0o644);
});

describe("apko's loader cache", () => {
  const listed = async (conf: string, libq: SharedObject = { machine: 62 }): Promise<unknown> => {
    const members = [
      ...['conf.d', 'etc', 'etc/conf.d', 'opt', 'usr', 'usr/lib'].map((path) => directory(path)),
      file('opt/libb.so.1', 'x'),
      file('opt/libq.so.9', 'x'),
      file('usr/lib/liba.so', 'x'),
      file('conf.d/a', '/opt\n'),
      file('etc/conf.d/a', '/usr/lib\n/opt\n'),
      file('etc/ld.so.conf', conf),
      symlink('usr/lib/libloop.so', 'libloop.so'),
    ];
    const libraries = new Map<number, SharedObject>([
      [6, { machine: 62, soname: 'libb.so.1' }],
      [7, libq],
      [8, { machine: 62 }],
    ]);
    const made = await buildOf('{contents: {}}', { ...fixturePackage('a', members), libraries });
    const text = await readText(made.tree, 'etc/ld.so.cache');
    return text?.match(/[\w/]+\.so[.\d]*(?=\0)/g) ?? [];
  };

  test('has paths from the root, however a directory is written', async () => {
    expect(await listed('usr/lib/\n')).toEqual(['/usr/lib/liba.so']);
    expect(await listed('/opt/../usr/./lib\n')).toEqual(['/usr/lib/liba.so']);
  });

  test('has from the root what a file includes, as often as it is listed, and nothing behind it', async () => {
    expect(await listed('/opt\ninclude conf.d/*\n/usr/lib\n')).toEqual([
      '/opt/libb.so.1',
      '/opt/libb.so.1',
    ]);
    expect(await listed('include /etc/conf.d/?\n')).toEqual(['/opt/libb.so.1', '/usr/lib/liba.so']);
    expect(await listed('include\t/etc/conf.d/a\n')).toEqual([]);
    expect(await listed('include /*/conf.d/[a-c]\n/opt')).toHaveLength(2);
    expect(await listed('include /etc/conf.d/[a\n/opt')).toEqual(['/opt/libb.so.1']);
  });

  test('is not made of a file, nor of a library of another machine, listed or not', async () => {
    await expect(listed('/opt/libb.so.1\n')).rejects.toThrow('is not a directory');
    await expect(listed('/opt\n', { machine: 3 })).rejects.toThrow('machine 3');
  });
});

test("services of apko's may have any name", async () => {
  const made = await build('{contents: {}, entrypoint: {services: {"a b": run, x/y: go}}}');
  expect(await readText(made.tree, 'sv/a b/run')).toBe('#!/bin/execlineb\nrun\n');
  expect(await readText(made.tree, 'sv/x/y/run')).toBe('#!/bin/execlineb\ngo\n');
});

test("a key of apko's may have any file name", async () => {
  const made = (name: string): Promise<AssembledTree> =>
    assemble({
      config: parseImageConfig('{contents: {}}', 'image.yaml', 'apko'),
      dialect: 'apko',
      arch: 'amd64',
      packages: [],
      repositories: ['r'],
      keyring: [{ name, pem: 'k' }],
      sourceDateEpochSeconds: 1000,
    });
  expect(await readText((await made('.a b~é')).tree, 'etc/apk/keys/.a b~é')).toBe('k');
  await expect(made('..')).rejects.toThrow('is not a file name for a key');
  await expect(made('a/b')).rejects.toThrow('is not a file name for a key');
});

test('attributes of a link are those of what it leads to', async () => {
  const pax = new Map([['SCHILY.xattr.user.a', new TextEncoder().encode('1')]]);
  const link = symlink('l', 'f');
  const withXattr = { entry: { ...link.entry, pax: new Map([...link.entry.pax, ...pax]) } };
  const made = await build('{contents: {}}', file('f', 'x'), withXattr);
  expect((await entry(made, 'f'))?.pax.has('SCHILY.xattr.user.a')).toBe(true);
  const dangling = { entry: { ...withXattr.entry, linkTarget: 'nothing' } };
  await expect(build('{contents: {}}', dangling)).rejects.toThrow('leads nowhere');
});
