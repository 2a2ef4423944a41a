import { readControl } from '@kiln/apk';
import { MemoryBlobs } from '@kiln/blobs';
import { indexedPackage, parseStanzas } from '@kiln/deb822';
import type { IndexedPackage, Stanza } from '@kiln/deb822';
import { gunzip } from '@kiln/gzip';
import type { TarMember } from '@kiln/tar';
import { directoryEntry, fileEntry, hardlinkEntry, readTar, symlinkEntry } from '@kiln/tar';
import { describe, expect, test } from 'vitest';
import { Closure } from './closure.ts';
import { parseSeed } from './definition.ts';
import { wrapDeb, wrapGenerated } from './wrap.ts';
import type { WrapContext, WrappedPackage } from './wrap.ts';

const sha = 'a'.repeat(64);

function stanza(name: string, more = ''): Stanza {
  const text = `Package: ${name}\nVersion: 1.0-2\nArchitecture: amd64\nDescription: The ${name}\nSHA256: ${sha}\nSize: 1\n${more}`;
  return parseStanzas(text)[0] ?? new Map();
}

const indexed = (name: string, more = ''): IndexedPackage => indexedPackage(stanza(name, more));

const definition = parseSeed(
  `
architecture: x86_64
roots: [tool]
drop: [usr/share/doc]
so-provides: []
packages:
  tool:
    links: { usr/bin/alias: tool, usr/bin/sh: bash }
    files: { etc/tool.d/list: 'none', usr/bin/setting: 'ours' }
    drop: [usr/bin/extra]
    drop-depends: [python]
aliases:
  group: { description: A group, depends: [tool, libx] }
base:
  name: base
  directories: { tmp: '1777', home/build: '0755' }
  links: { bin: usr/bin }
  files: { etc/passwd: 'root:x:0:0::/root:/bin/sh' }
`,
  'seed.yaml',
);

function context(...packages: IndexedPackage[]): WrapContext & { blobs: MemoryBlobs } {
  const blobs = new MemoryBlobs();
  return { definition, closure: new Closure(packages), blobs, buildTimeSeconds: 1_700_000_000 };
}

async function* stream(members: readonly TarMember[]): AsyncGenerator<TarMember> {
  yield* members;
}

function file(path: string, text: string, mode = 0o755): TarMember {
  const content = Buffer.from(text);
  return { entry: fileEntry(path, content.length, { mode, uid: 3, mtimeSeconds: 7 }), content };
}

const none = new Uint8Array(0);
const members: readonly TarMember[] = [
  { entry: directoryEntry('bin', { mode: 0o700 }), content: none },
  file('bin/tool', 'program', 0o4755),
  { entry: hardlinkEntry('bin/a-name', 'bin/tool'), content: none },
  { entry: symlinkEntry('bin/sh', 'dash'), content: none },
  file('usr/bin/extra', 'x'),
  file('usr/bin/setting', 'theirs'),
  file('usr/share/doc/tool/copyright', 'x'),
  file('lib/x86_64-linux-gnu/libtool.so.1', 'not ELF'),
];

async function textOf(content: TarMember['content']): Promise<string> {
  const chunks: Uint8Array[] = [];
  if (content instanceof Uint8Array) chunks.push(content);
  else for await (const chunk of content) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks).toString();
}

interface Wrapped {
  readonly wrapped: WrappedPackage;
  readonly listing: string[];
  readonly texts: Record<string, string>;
}

async function wrap(): Promise<Wrapped> {
  const tool = indexed(
    'tool',
    'Depends: liby | libx (>= 2), virtual, tool, python\nProvides: tools, libx\n',
  );
  const here = context(
    tool,
    indexed('libx'),
    indexed('python'),
    indexed('provider', 'Provides: virtual\n'),
  );
  const wrapped = await wrapDeb(tool, { control: stanza('tool'), members: stream(members) }, here);
  const listing: string[] = [];
  const texts: Record<string, string> = {};
  for await (const { entry, content } of readTar(gunzip(here.blobs.read(wrapped.data)))) {
    const target = entry.linkTarget === '' ? '' : ` > ${entry.linkTarget}`;
    listing.push(
      `${entry.path} ${entry.mode.toString(8)} ${entry.uid} ${entry.mtimeSeconds}${target}`,
    );
    if (entry.type === 'file') texts[entry.path] = await textOf(content);
  }
  return { wrapped, listing, texts };
}

describe('a wrapped package', () => {
  test('has its files under usr, links added, documents dropped, owners and times made equal', async () => {
    expect((await wrap()).listing).toEqual([
      'etc 755 0 1700000000',
      'etc/tool.d 755 0 1700000000',
      'etc/tool.d/list 644 0 1700000000',
      'usr 755 0 1700000000',
      'usr/bin 700 0 1700000000',
      'usr/bin/a-name 755 0 1700000000',
      'usr/bin/alias 777 0 1700000000 > tool',
      'usr/bin/setting 644 0 1700000000',
      'usr/bin/sh 777 0 1700000000 > bash',
      'usr/bin/tool 755 0 1700000000 > usr/bin/a-name',
      'usr/lib 755 0 1700000000',
      'usr/lib/x86_64-linux-gnu 755 0 1700000000',
      'usr/lib/x86_64-linux-gnu/libtool.so.1 755 0 1700000000',
    ]);
  });

  test('has the texts that the definition gives it, also in the place of its own', async () => {
    const { texts } = await wrap();
    expect(texts['etc/tool.d/list']).toBe('none');
    expect(texts['usr/bin/setting']).toBe('ours');
  });

  test('depends by name on what is there, and says where it comes from', async () => {
    const { wrapped } = await wrap();
    const { info, members: control } = await readControl(wrapped.control);
    expect(info).toEqual(wrapped.info);
    expect(info.depends).toEqual(['base', 'libx', 'provider']);
    expect(info.provides).toEqual(['tools']);
    expect(info.version).toMatch(/^1\.0_p20000-r\d+$/);
    expect(info.commit).toBe(sha);
    expect(control.map(({ entry }) => entry.path)).toEqual(['.PKGINFO', '.melange.yaml']);
    expect(Buffer.from(control[1]?.content ?? none).toString()).toContain('version: "1.0-2"');
  });

  test('is the same bytes each time', async () => {
    const [one, two] = [await wrap(), await wrap()];
    expect(two.wrapped.data).toBe(one.wrapped.data);
    expect(Buffer.from(two.wrapped.control).equals(Buffer.from(one.wrapped.control))).toBe(true);
  });

  test('has another revision when the definition changes', async () => {
    const tool = indexed('tool');
    const here = context(tool);
    const opened = () => ({ control: stanza('tool'), members: stream(members) });
    const before = await wrapDeb(tool, opened(), here);
    const changed = { ...here, definition: { ...definition, drop: [] } };
    const after = await wrapDeb(tool, opened(), changed);
    expect(after.info.version).not.toBe(before.info.version);
  });
});

test('the base package and the aliases are generated', async () => {
  const packages = await wrapGenerated(context());
  expect(packages.map(({ info }) => info.name)).toEqual(['base', 'group']);
  expect(packages[1]?.info.depends).toEqual(['libx', 'tool']);
});

describe('what is refused', () => {
  const attempt = async (
    more: readonly TarMember[],
    control = stanza('tool'),
  ): Promise<unknown> => {
    const tool = indexed('tool');
    return wrapDeb(tool, { control, members: stream(more) }, context(tool));
  };

  test('a package that is another one', async () => {
    await expect(attempt([], stanza('other'))).rejects.toMatchObject({ code: 'SEED_DEB_MISMATCH' });
  });

  test('one path twice, also when only the move makes it so', async () => {
    await expect(attempt([file('bin/x', '1'), file('usr/bin/x', '2')])).rejects.toMatchObject({
      code: 'SEED_DEB_INVALID',
    });
  });

  test('a hard link to nothing', async () => {
    const link = { entry: hardlinkEntry('bin/x', 'bin/y'), content: none };
    await expect(attempt([link])).rejects.toMatchObject({ code: 'SEED_DEB_INVALID' });
  });

  test('a dependency that is not there', async () => {
    const tool = indexed('tool', 'Depends: absent\n');
    const deb = { control: stanza('tool'), members: stream([]) };
    await expect(wrapDeb(tool, deb, context(tool))).rejects.toMatchObject({
      code: 'SEED_DEPENDENCY_MISSING',
    });
  });

  test('a definition with a path that leads out', () => {
    const text = 'architecture: x86_64\nroots: [a]\ndrop: [a/../../b]\n';
    expect(() => parseSeed(text, 'seed.yaml')).toThrow(
      expect.objectContaining({ code: 'YAML_TYPE' }),
    );
  });
});
