import { collect, digestOf } from '@kiln/base';
import { emptyImageConfig, parseImageConfig } from '@kiln/image-config';
import { mediaTypes, parseConfig, parseIndex, parseManifest } from '@kiln/oci';
import { fileEntry, readTar } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FileTree,
  assemble,
  environmentTree,
  imageOf,
  indexOf,
  layerTar,
  parseGroup,
  parsePasswd,
  readText,
  treeEntries,
  treeMembers,
} from './index.ts';
import type { AssembledTree, FinishedTree, PackageContents } from './index.ts';
import { directory, file, fixturePackage, hardlink, symlink } from './package-fixture.ts';
import type { FixtureMember } from './package-fixture.ts';

const layout = fixturePackage('layout', [
  directory('etc'),
  file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
  file('etc/group', 'root:x:0:\n'),
  file('etc/os-release', 'ID=kiln\nNAME="Kiln OS"\nVERSION_ID=1\n'),
  directory('usr'),
  directory('usr/lib'),
  symlink('lib', 'usr/lib'),
]);

type Input = Partial<Parameters<typeof assemble>[0]> & { readonly yaml?: string };

function build(
  packages: readonly PackageContents[],
  { yaml = 'contents: {}', ...more }: Input = {},
): Promise<AssembledTree> {
  return assemble({
    config: parseImageConfig(yaml, 'image.yaml'),
    arch: 'amd64',
    packages,
    keyring: [],
    sourceDateEpochSeconds: 1000,
    ...more,
  });
}

async function entriesOf(finished: FinishedTree): Promise<Map<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  for await (const { entry } of treeEntries(finished)) entries.set(entry.path, entry);
  return entries;
}

const layerOf = (finished: FinishedTree): Promise<Uint8Array> =>
  collect(layerTar(finished), 2 ** 26, () => new Error('long'));

describe('the tree of an image', () => {
  test('skeleton, database and packages are there, in the order of a layer', async () => {
    const paths = [...(await entriesOf(await build([layout]))).keys()];
    expect(paths).toContain('etc/apk/world');
    expect(paths).toContain('dev/null');
    expect(paths).toContain('usr/lib/apk/db/installed');
    expect(paths.indexOf('etc/apk/world')).toBeLessThan(paths.indexOf('etc/apko.json'));
    expect(paths).not.toContain('');
  });

  test('the database, the world and the configuration name the packages', async () => {
    const { tree } = await build([layout], { yaml: 'contents: {packages: [layout]}' });
    expect(await readText(tree, 'etc/apk/world')).toBe('layout=1-r0\n');
    expect(await readText(tree, 'lib/apk/db/installed')).toContain('P:layout\nV:1-r0\n');
    expect(await readText(tree, 'etc/apko.json')).toContain('"packages":["layout=1-r0"]');
  });

  test('scripts have the time of what is made here: the youngest package’s, or what is said', async () => {
    const scripted: PackageContents = {
      ...fixturePackage('scripted', [], { info: { buildTimeSeconds: 5000 } }),
      control: [
        {
          entry: fileEntry('.post-install', 1, { mode: 0o755 }),
          content: Buffer.from('x'),
          headers: new Uint8Array(),
        },
      ],
    };
    const timeOf = async (more: Input): Promise<number | undefined> => {
      const { tree } = await build([layout, scripted], more);
      const scripts = Buffer.from((await readText(tree, 'usr/lib/apk/db/scripts.tar')) ?? '');
      for await (const { entry } of readTar(scripts)) return entry.mtimeSeconds;
      return undefined;
    };
    expect(await timeOf({})).toBe(5000);
    expect(await timeOf({ buildDateSeconds: 2000 })).toBe(2000);
    expect(await timeOf({ sourceDateEpochSeconds: 6000 })).toBe(6000);
  });

  test('contents of packages are not read unless they change', async () => {
    const read: string[] = [];
    const data = fixturePackage('data', [directory('srv'), file('srv/big', 'x')], {
      onRead: (path) => read.push(path),
    });
    const assembled = await build([layout, data]);
    expect(read).toEqual([]);
    await layerOf(assembled);
    expect(read).toEqual(['srv/big']);
  });

  test('owners and special bits of packages are kept, and dropped in dialect apko', async () => {
    const owned = fixturePackage('owned', [
      directory('srv', { mode: 0o2775, uid: 5, gid: 6 }),
      file('srv/x', 'x', { mode: 0o4755, uid: 5 }),
    ]);
    const kiln = await entriesOf(await build([owned]));
    expect(kiln.get('srv')).toMatchObject({ mode: 0o2775, uid: 5, gid: 6 });
    expect(kiln.get('srv/x')).toMatchObject({ mode: 0o4755, uid: 5 });
    const apko = await entriesOf(await build([owned], { dialect: 'apko', repositories: ['r'] }));
    expect(apko.get('srv')).toMatchObject({ mode: 0o775, uid: 0, gid: 0 });
  });

  test('a further name of a file is a hard link to the first, also through a linked directory', async () => {
    const linked = fixturePackage('linked', [
      directory('usr/bin'),
      file('usr/bin/z', 'content'),
      hardlink('usr/bin/a', 'usr/bin/z'),
    ]);
    const entries = await entriesOf(await build([layout, linked]));
    expect(entries.get('usr/bin/a')).toMatchObject({ type: 'file', sizeBytes: 7 });
    expect(entries.get('usr/bin/z')).toMatchObject({
      type: 'hardlink',
      linkTarget: 'usr/bin/a',
      sizeBytes: 0,
    });
  });

  test('a layer reads as an archive whose links stay inside and whose members come once', async () => {
    const linked = fixturePackage('linked', [
      directory('opt/p'),
      file('opt/p/z', 'c'),
      hardlink('opt/p/a', 'opt/p/z'),
    ]);
    const bytes = await layerOf(await build([layout, linked]));
    const paths: string[] = [];
    for await (const { entry } of readTar(bytes, { links: 'inside', duplicates: 'refuse' }))
      paths.push(entry.path);
    expect(paths).toContain('opt/p/a');
  });

  test('accounts get lines, homes and the resolved run-as', async () => {
    const yaml =
      'accounts: {run-as: app, users: [{username: app, uid: 70}], groups: [{groupname: app, gid: 70, members: [app]}]}';
    const assembled = await build([layout], { yaml });
    expect(await readText(assembled.tree, 'etc/passwd')).toBe(
      'root:x:0:0:root:/root:/bin/sh\napp:x:70:70:Account created by kiln:/home/app:/bin/sh\n',
    );
    expect(await readText(assembled.tree, 'etc/group')).toBe('root:x:0:\napp:x:70:app\n');
    expect(assembled.config.accounts.runAs).toBe('70');
    expect((await entriesOf(assembled)).get('home/app')).toMatchObject({
      mode: 0o700,
      uid: 70,
      userName: '',
    });
  });

  test('names with a dot at the root come after another name, or where one is a directory with a slash', async () => {
    const paths = async (
      hidden: FixtureMember,
      ...more: readonly FixtureMember[]
    ): Promise<string[]> => {
      const contents = fixturePackage('hidden', [file('.file', ''), hidden, ...more]);
      const found = [...(await entriesOf(await build([contents]))).keys()];
      return found.filter((path) => path.startsWith('.'));
    };
    const plain = directory('.dir');
    const slashed = { entry: { ...plain.entry, hasSlash: true as const } };
    expect(await paths(plain, file('.late', ''))).toEqual([]);
    expect(await paths(plain, directory('srv'), file('.late', ''))).toEqual(['.late']);
    expect(await paths(slashed, file('.dir/x', ''))).toEqual(['.dir', '.dir/x']);
  });

  test.each(['usr/lib', '/usr/lib/', './usr//lib', '../usr/lib'])(
    'the database is under lib where that leads to %s',
    async (target) => {
      const members = [directory('usr'), directory('usr/lib'), symlink('lib', target)];
      const packages = [fixturePackage('merged', members)];
      const { tree } = await build(packages, { dialect: 'apko', repositories: ['r'] });
      expect(tree.entryAt('usr/lib/apk')?.type).toBe('directory');
      expect(tree.entryAt('lib')?.type).toBe('symlink');
    },
  );

  test('a package that was built in no year that a time can say is refused', async () => {
    const of = (buildTimeSeconds: number): Promise<AssembledTree> =>
      build([fixturePackage('late', [], { info: { buildTimeSeconds } })]);
    expect((await of(253_402_300_799)).buildDateSeconds).toBe(253_402_300_799);
    await expect(of(253_402_300_800)).rejects.toMatchObject({ code: 'ASSEMBLE_UNSUPPORTED' });
    await expect(of(999_999_999_999_999)).rejects.toThrow('package late-1-r0: built at');
  });

  test('a later package replaces what it declares to replace, by version too', async () => {
    const first = fixturePackage('first=2-r0', [directory('srv'), file('srv/x', 'old')]);
    const second = (replaces: string): PackageContents =>
      fixturePackage('second', [directory('srv'), file('srv/x', 'new!')], {
        info: { replaces: [replaces] },
      });
    const got = await build([first, second('first<3')]);
    expect(await readText(got.tree, 'srv/x')).toBe('new!');
    expect(await readText(got.tree, 'usr/lib/apk/db/installed')).toMatch(
      /P:first[^]*F:srv\n\nP:second[^]*R:x/,
    );
    await expect(build([first, second('first<2')])).rejects.toMatchObject({
      code: 'ASSEMBLE_CONFLICT',
    });
  });
});

describe('what is not supported', () => {
  test('a base image is refused rather than ignored', async () => {
    const yaml = 'contents: {baseimage: {image: a, apkindex: b}}';
    await expect(build([layout], { yaml })).rejects.toMatchObject({ code: 'ASSEMBLE_UNSUPPORTED' });
  });
});

describe('determinism', () => {
  test('the order of keys, repositories and maps does not change a byte', async () => {
    const keys = ['a.rsa.pub', 'b.rsa.pub', 'c.rsa.pub'].map((name) => ({
      name,
      pem: `key ${name}\n`,
    }));
    const yaml = (order: readonly number[]): string => {
      const pick = (items: readonly string[]): string => order.map((i) => items[i]).join(', ');
      return `contents: {repositories: [${pick(['"r1"', '"r2"', '"r3"'])}]}
environment: {${pick(['A: x', 'B: y', 'C: z'])}}
entrypoint: {services: {${pick(['s1: a', 's2: b', 's3: c'])}}}
annotations: {${pick(['k1: v', 'k2: v', 'k3: v'])}}`;
    };
    const reference = digestOf(
      await layerOf(await build([layout], { yaml: yaml([0, 1, 2]), keyring: keys })),
    );
    const order = fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(order, async (shuffled) => {
        const keyring = shuffled.flatMap((i) => keys[i] ?? []);
        const got = await layerOf(await build([layout], { yaml: yaml(shuffled), keyring }));
        expect(digestOf(got)).toBe(reference);
      }),
      { numRuns: 12 },
    );
  });

  test('nodes come depth first, children in byte order, whatever the order they were made in', () => {
    const name = fc.constantFrom('a', 'a-b', 'a.b', 'b', 'é', 'Z');
    fc.assert(
      fc.property(
        fc.array(fc.array(name, { minLength: 1, maxLength: 3 }), { maxLength: 12 }),
        (paths) => {
          const list = (made: readonly (readonly string[])[]): string[] => {
            const tree = new FileTree();
            for (const path of made) tree.mkdirAll(path.join('/'), 0o755);
            return [...tree.nodes()].map(({ folder, name: last }) => `${folder}${last}`);
          };
          expect(list(paths.toReversed())).toEqual(list(paths));
          const sorted = list(paths).map((path) => path.split('/'));
          expect(sorted).toEqual(sorted.toSorted((x, y) => Buffer.compare(key(x), key(y))));
        },
      ),
    );
  });
});

const key = (components: readonly string[]): Buffer => Buffer.from(components.join('\u0000'));

describe('hostile packages', () => {
  const bad = (...members: Parameters<typeof fixturePackage>[1]): PackageContents =>
    fixturePackage('bad=6-r6', members);
  test.each([
    [
      'a link that climbs out of the root',
      bad(directory('srv'), symlink('srv/x', '../../etc')),
      'ASSEMBLE_LINK_INVALID',
      'srv/x',
    ],
    ['a file over a directory', bad(file('etc', 'x')), 'ASSEMBLE_CONFLICT', 'etc'],
    [
      'a directory over a file',
      bad(directory('etc/passwd')),
      'ASSEMBLE_PATH_INVALID',
      'etc/passwd',
    ],
    [
      'a path through a file',
      bad(file('etc/passwd/x', 'x')),
      'ASSEMBLE_PATH_INVALID',
      'etc/passwd/x',
    ],
    ['a missing parent', bad(file('none/x', 'x')), 'ASSEMBLE_PATH_INVALID', 'none/x'],
    [
      "another package's file",
      bad(directory('etc'), file('etc/passwd', 'mine')),
      'ASSEMBLE_CONFLICT',
      'etc/passwd',
    ],
    [
      'a file of the database',
      bad(directory('etc/apk'), file('etc/apk/arch', 'x')),
      'ASSEMBLE_CONFLICT',
      'etc/apk/arch',
    ],
    ['a hard link to nothing', bad(hardlink('x', 'none')), 'ASSEMBLE_LINK_INVALID', 'x'],
    [
      'a hard link over a file',
      bad(hardlink('etc/group', 'etc/passwd')),
      'ASSEMBLE_CONFLICT',
      'etc/group',
    ],
    [
      'a link that follows itself',
      bad(symlink('loop', 'loop'), file('loop/x', 'x')),
      'ASSEMBLE_PATH_INVALID',
      'loop/x',
    ],
    [
      'a whiteout',
      bad(directory('srv'), file('srv/.wh.x', 'x')),
      'ASSEMBLE_PATH_INVALID',
      'srv/.wh.x',
    ],
    [
      'a device',
      bad({ entry: { ...directory('x').entry, type: 'char' } }),
      'ASSEMBLE_ENTRY_UNSUPPORTED',
      'x',
    ],
    [
      'a file without checksum',
      bad({ entry: { ...file('x', 'x').entry, pax: new Map() }, content: 'x' }),
      'ASSEMBLE_CHECKSUM_MISSING',
      'x',
    ],
  ])('%s is refused, naming package and path', async (_name, contents, code, path) => {
    await expect(build([layout, contents])).rejects.toMatchObject({
      code,
      details: { path, package: 'bad-6-r6' },
    });
    await expect(build([layout, contents])).rejects.toThrow(/bad-6-r6/);
  });

  test('what is written through an absolute link stays inside the tree', async () => {
    const through = bad(symlink('out', '/tmp'), file('out/x', 'x'));
    expect((await entriesOf(await build([through]))).has('tmp/x')).toBe(true);
  });

  test('one error of two packages names both', async () => {
    const other = fixturePackage('other', [directory('etc'), file('etc/group', 'x:x:1:\n')]);
    await expect(build([layout, other])).rejects.toThrow(/layout-1-r0 .* and other-1-r0 /);
  });

  test('lines of account files lose blanks around them', async () => {
    const files = ['root:*:9:0:::::', 'root:x:0:0:root:/root:/bin/sh'].map(
      (line) => ` ${line} \r\n`,
    );
    const [shadow = '', passwd = ''] = files;
    const members = [directory('etc'), file('etc/shadow', shadow), file('etc/passwd', passwd)];
    const yaml = '{contents: {}, accounts: {users: [{username: app, uid: 7}]}}';
    const { tree } = await build([fixturePackage('blank', members)], { yaml });
    expect(await readText(tree, 'etc/shadow')).toBe('root:*::0:::::\napp:!:::::::\n');
    expect(await readText(tree, 'etc/passwd')).toMatch(/^root:x:0:0:root:\/root:\/bin\/sh\napp:/);
  });

  test('a malformed account line stops the image', async () => {
    const broken = fixturePackage('broken', [directory('etc'), file('etc/passwd', 'root:x\n')]);
    await expect(build([broken])).rejects.toMatchObject({
      code: 'ASSEMBLE_ACCOUNTS_INVALID',
      message: expect.stringMatching(/ \(of package broken-1-r0\)$/),
    });
  });

  test.each([
    ['the database', [directory('lib'), directory('lib/apk'), file('lib/apk/db', 'x')]],
    ['accounts', [directory('etc'), directory('etc/passwd')]],
  ])('what is in the way of %s names its package', async (_what, members) => {
    await expect(build([bad(...members)])).rejects.toThrow(/ \(of package bad-6-r6\)$/);
  });

  test('a key name that is a path is refused', async () => {
    await expect(build([], { keyring: [{ name: '../x', pem: '' }] })).rejects.toMatchObject({
      code: 'ASSEMBLE_KEY_INVALID',
    });
  });
});

describe('path mutations', () => {
  test.each([
    ['unknown type', '{path: /x, type: magic}'],
    ['existing symlink', '{path: /etc, type: symlink, source: /x}'],
    ['missing source', '{path: /x, type: hardlink, source: /none}'],
    ['missing path', '{path: /none, type: permissions}'],
    ['endless links', '{path: /lib/../lib/x/y, type: permissions}'],
  ])('%s is refused', async (_name, mutation) => {
    // Where dialect kiln refuses the configuration already, it is apko's that comes here.
    const config = parseImageConfig(`paths: [${mutation}]`, 'image.yaml', 'apko');
    await expect(build([layout], { config })).rejects.toMatchObject({
      code: 'ASSEMBLE_MUTATION_FAILED',
    });
  });

  test('permissions and owners are set, recursively without following links', async () => {
    const yaml =
      'paths: [{path: /srv/a/b, type: directory, permissions: 0o755}, {path: /srv, type: permissions, uid: 7, permissions: 0o700, recursive: true}]';
    const entries = await entriesOf(await build([layout], { yaml }));
    expect(entries.get('srv/a/b')).toMatchObject({ mode: 0o700, uid: 7, gid: 0 });
  });
});

describe('build environments', () => {
  test('there is a build user with a home, and root even without account files', async () => {
    const { tree, dialect } = await environmentTree({
      packages: [fixturePackage('tool', [directory('usr')])],
    });
    expect(await readText(tree, 'etc/passwd')).toMatch(
      /^root:x:0:0:.*\nbuild:x:1000:1000:.*:\/home\/build:\/bin\/sh\n$/,
    );
    expect((await entriesOf({ tree, dialect })).get('home/build')).toMatchObject({
      uid: 1000,
      gid: 1000,
    });
    expect(tree.at('dev/null')).toBeUndefined();
  });

  test('a configuration’s accounts, paths, services and the settings of apk are applied as melange does', async () => {
    const config = parseImageConfig(
      `accounts:
  users: [{username: extra, uid: 3000, shell: /bin/false, homedir: /srv/extra}]
  groups: [{groupname: build, gid: 1000, members: [build]}]
paths: [{path: /opt/marker, type: directory, permissions: 0o750, uid: 3000, gid: 3000}]
entrypoint: {services: {web: "serve -p 1"}}`,
      'image.yaml',
    );
    const finished = await environmentTree({
      packages: [layout],
      dialect: 'apko',
      config,
      arch: 'x86_64',
      world: ['layout', 'layout=1-r0'],
      repositories: ['./env-repo'],
      keys: [{ name: 'a.rsa.pub', pem: 'PEM' }],
    });
    const { tree } = finished;
    expect(await readText(tree, 'etc/passwd')).toBe(
      'root:x:0:0:root:/root:/bin/sh\nextra:x:3000:3000:Account created by apko:/srv/extra:/bin/false\n',
    );
    expect(parsePasswd((await readText(tree, 'etc/passwd')) ?? '').map(({ uid }) => uid)).toEqual([
      0, 3000,
    ]);
    expect(parseGroup((await readText(tree, 'etc/group')) ?? '')).toMatchObject([
      { name: 'root', gid: 0 },
      { name: 'build', gid: 1000, members: 'build' },
    ]);
    expect(await readText(tree, 'etc/apk/world')).toBe('layout\nlayout=1-r0\n');
    expect(await readText(tree, 'etc/apk/repositories')).toBe('./env-repo\n');
    expect(await readText(tree, 'etc/apk/keys/a.rsa.pub')).toBe('PEM');
    expect(await readText(tree, 'sv/web/run')).toContain('serve -p 1');
    expect((await entriesOf(finished)).get('opt/marker')).toMatchObject({
      mode: 0o750,
      uid: 3000,
      gid: 3000,
    });
    expect(tree.at('etc/apko.json')).toBeUndefined();
  });

  test('files of packages that are files of the host are named, but for those that were changed', async () => {
    const kept: PackageContents = {
      ...fixturePackage('kept', [
        directory('etc'),
        file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
        file('etc/same', 'same'),
        file('etc/private', 'private'),
        hardlink('etc/twice', 'etc/same'),
      ]),
      file: (index) => `/kept/${index}`,
    };
    const config = parseImageConfig(
      'paths: [{path: /etc/private, type: permissions, permissions: 0o600, uid: 0, gid: 0}]',
      'image.yaml',
    );
    const found = new Map<string, string | undefined>();
    for await (const { entry, file: named } of treeMembers(
      await environmentTree({ packages: [kept], config }),
    ))
      found.set(entry.path, named);
    const under = (name: string): string | undefined => found.get(`etc/${name}`);
    expect(['same', 'private', 'passwd', 'twice', 'group'].map(under)).toEqual([
      '/kept/2',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('dialect apko makes up no root', async () => {
    const { tree } = await environmentTree({ packages: [], dialect: 'apko' });
    expect(await readText(tree, 'etc/passwd')).toMatch(/^build:x:1000/);
  });

  test('account files are read to their first malformed line', () => {
    expect(parsePasswd('a:x:1:2:c:/h:/s\nb:x:9\nc:x:3:3::/:/s\n')).toEqual([
      { name: 'a', password: 'x', uid: 1, gid: 2, comment: 'c', home: '/h', shell: '/s' },
    ]);
    expect(parseGroup('')).toEqual([]);
    expect(() => parseGroup('g:x:1:\n'.repeat(70_000))).toThrow(
      expect.objectContaining({ code: 'ASSEMBLE_ACCOUNTS_INVALID' }),
    );
  });

  test('no loader cache is made without a configuration, an empty one with it', async () => {
    const none = await environmentTree({ packages: [layout] });
    expect(none.tree.at('etc/ld.so.cache')).toBeUndefined();
    const conf = fixturePackage('conf', [
      directory('etc'),
      file('etc/ld.so.conf', 'include ld.so.conf.d/*.conf\n/usr/lib # x\n'),
    ]);
    const { tree } = await environmentTree({ packages: [layout, conf] });
    expect(await readText(tree, 'etc/ld.so.cache')).toMatch(/^glibc-ld\.so\.cache1\.1/);
  });
});

describe('image documents', () => {
  const layer = {
    descriptor: { mediaType: mediaTypes.layerGzip, sizeBytes: 5, digest: digestOf('l') },
    diffId: digestOf('d'),
  };
  const config = parseImageConfig(
    '{cmd: "a b", entrypoint: {shell-fragment: "exit 0"}, environment: {PATH: /p, Z: z}, annotations: {k: v}, accounts: {run-as: "7"}}',
    'image.yaml',
  );

  test('config and manifest say what the configuration says, and that Kiln made them', () => {
    const image = imageOf({
      config,
      arch: 'armv7',
      layers: [layer],
      createdSeconds: 0,
      vcsUrl: 'https://h/r@c1',
    });
    const parsed = parseConfig(image.config.bytes);
    expect(parsed).toMatchObject({
      architecture: 'arm',
      variant: 'v7',
      author: 'kiln',
      created: '1970-01-01T00:00:00Z',
    });
    expect(parsed.config).toMatchObject({
      cmd: ['a', 'b'],
      entrypoint: ['/bin/sh', '-c', 'exit 0'],
      user: '7',
    });
    expect(parsed.config.env).toEqual([
      'PATH=/p',
      'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt',
      'Z=z',
    ]);
    const manifest = parseManifest(image.manifest.bytes);
    expect(manifest.config.digest).toBe(digestOf(image.config.bytes));
    expect(manifest.annotations).toMatchObject({
      k: 'v',
      'org.opencontainers.image.source': 'https://h/r',
      'org.opencontainers.image.revision': 'c1',
    });
  });

  test('an index sorts its images by architecture', () => {
    const images = ['x86_64', 'armv7', 'aarch64', 'x86'].map((arch) => ({
      arch,
      manifest: layer.descriptor,
    }));
    const index = parseIndex(
      indexOf({ config: emptyImageConfig, images, createdSeconds: 0 }).bytes,
    );
    expect(index.manifests.map(({ platform }) => platform?.architecture)).toEqual([
      '386',
      'amd64',
      'arm',
      'arm64',
    ]);
  });
});
