import { analyseTrees, makeTree, type Dialect, type TreeEntry } from '@kiln/build';
import { directory, file, hardlink, link } from '@kiln/build/testing';
import { describe, expect, test } from 'vitest';
import { linterNames, type LinterName } from './catalogue.ts';
import type { Finding, LintDetails } from './finding.ts';
import { lintTree } from './lint.ts';
import { machineName } from './machine-names.ts';

interface Options {
  readonly name?: string;
  readonly dialect?: Dialect;
  readonly testPipelines?: readonly string[];
}

async function lint(
  linters: readonly LinterName[],
  entries: readonly TreeEntry[],
  { name = 'a', dialect = 'kiln', testPipelines = [] }: Options = {},
): Promise<readonly Finding[]> {
  const [subject] = await analyseTrees([makeTree(name, entries)], dialect);
  if (subject === undefined) throw new Error('no tree');
  return lintTree({ ...subject, facts: { testPipelines }, linters, dialect });
}

async function details(
  linter: LinterName,
  entries: readonly TreeEntry[],
  options: Options = {},
): Promise<LintDetails | undefined> {
  return (await lint([linter], entries, options))[0]?.details;
}

const paths = async (
  linter: LinterName,
  entries: readonly TreeEntry[],
  options: Options = {},
): Promise<readonly string[]> => {
  const found = await details(linter, entries, options);
  return found !== undefined && 'paths' in found ? found.paths : [];
};

/** An ELF file of a machine with sections of the given names. */
function elf(machine: number, ...sections: readonly string[]): Uint8Array {
  const names = ['', ...sections, '.shstrtab'];
  const strings = Buffer.from(`${names.join('\0')}\0`);
  const bytes = Buffer.alloc(64 + names.length * 64 + strings.length);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeUInt32LE(64, 40);
  bytes.writeUInt16LE(64, 58);
  bytes.writeUInt16LE(names.length, 60);
  bytes.writeUInt16LE(names.length - 1, 62);
  let at = 0;
  for (const [index, name] of names.entries()) {
    bytes.writeUInt32LE(at, 64 + index * 64);
    at += name.length + 1;
  }
  const table = 64 + (names.length - 1) * 64;
  bytes.writeUInt32LE(3, table + 4);
  bytes.writeUInt32LE(64 + names.length * 64, table + 24);
  bytes.writeUInt32LE(strings.length, table + 32);
  bytes.set(strings, 64 + names.length * 64);
  return bytes;
}

const amd64 = 62;

test('a package that is as it should be has no finding', async () => {
  const entries = [
    directory('usr'),
    file('usr/bin/a', elf(amd64, '.text')),
    file('usr/share/licenses/a/LICENSE'),
    file('var/lib/db/sbom/windows-i386.spdx.json'),
  ];
  const sound = entries.map((entry) => ({ ...entry, mode: 0o755 }));
  expect(await lint(linterNames, sound)).toEqual([]);
});

test('findings come in the order of the linters, as often as one is named', async () => {
  const entries = [file('opt/a.o'), file('srv/b')];
  const found = await lint(['srv', 'object', 'srv', 'opt'], entries);
  expect(found.map(({ linter }) => linter)).toEqual(['srv', 'object', 'srv', 'opt']);
  expect(found[1]).toEqual({
    linter: 'object',
    message:
      'a contains 1 intermediate object file. This is usually wrong. In most cases they should be removed',
    explain: 'This package contains intermediate object files (.o files)',
    details: { paths: ['opt/a.o'] },
  });
});

test.each<[LinterName, string, string, readonly string[]]>([
  ['dll', 'x/a.dll', 'x/dll', ['-dev']],
  ['dylib', 'x/a.dylib', 'x/a.dylib.1', ['-dev']],
  ['documentation', 'x/README.md', 'x/README.txt', ['-doc']],
  ['maninfo', 'usr/local/share/man/man3/a.3', 'usr/share/man/de/man3/a.3', ['-doc']],
  ['maninfo', 'usr/share/info/a.info-2.gz', 'usr/share/info/a.txt', ['-doc']],
  ['opt', 'opt/a', 'usr/opt/a', ['-compat']],
  ['srv', 'srv/a', 'usr/srv/a', ['-compat']],
  ['usrlocal', 'usr/local/a', 'usr/locale/a', ['-compat']],
  ['staticarchive', 'usr/lib/a.a', 'usr/lib/a.ab', ['-dev', '-static']],
  ['cudaruntimelib', 'usr/lib/libcuda.so.1.2', 'usr/lib/x/libcuda.so.1', []],
  ['dev', 'dev/null', 'usr/dev/null', []],
  ['libtool/la-files', 'usr/lib/a.la', 'usr/lib/ala', []],
  ['sbom', 'var/lib/db/sbom/a.json', 'var/lib/db/sbom/a.spdx.json', []],
  ['varempty', 'var/empty/a', 'var/empty', []],
])('%s fires on %s, not on %s, nor in packages %j', async (linter, path, other, spared) => {
  const entries = [directory(`${path}.d`), file(path), file(other)];
  expect(await paths(linter, entries)).toEqual([path]);
  for (const end of spared) expect(await paths(linter, entries, { name: `a${end}` })).toEqual([]);
});

test('shared objects and files for pkg-config want a test', async () => {
  const entries = [
    file('usr/lib/a.so.1'),
    link('usr/lib/a.so', 'a.so.1'),
    file('usr/lib/pkgconfig/a.pc'),
  ];
  expect(await paths('lddcheck', entries)).toEqual(['usr/lib/a.so.1', 'usr/lib/a.so']);
  expect(await paths('lddcheck', entries, { testPipelines: ['test/tw/ldd-check'] })).toEqual([]);
  expect(await paths('pkgconf', entries)).toEqual(['usr/lib/pkgconfig/a.pc']);
  expect(await paths('pkgconf', entries, { testPipelines: ['test/pkgconf'] })).toEqual([]);
});

test('directories in run are an offence where nothing makes them anew', async () => {
  const entries = [directory('run/a'), directory('tmp/a'), file('tmp/b'), directory('var/run/c')];
  expect(await paths('tempdir', entries)).toEqual(['run/a', 'tmp/b', 'var/run/c']);
  const made = [...entries, file('usr/lib/tmpfiles.d/a.conf')];
  expect(await paths('tempdir', made)).toEqual(['tmp/b', 'var/run/c']);
});

test('what runs as somebody else is told with its mode, links to one file included', async () => {
  const entries = [
    file('usr/bin/su', '', 0o6755),
    hardlink('usr/bin/su2', 'usr/bin/su', 0o6755),
    file('var/a', '', 0o1666),
    { ...directory('var/b'), mode: 0o1777 },
  ];
  expect(await details('setuidgid', entries)).toEqual({
    files: [
      { path: 'usr/bin/su', mode: '6755', permissions: ['setuid', 'setgid'] },
      { path: 'usr/bin/su2', mode: '6755', permissions: ['setuid', 'setgid'] },
      { path: 'var/a', mode: '1666', permissions: ['sticky'] },
    ],
  });
  expect(await details('worldwrite', entries)).toEqual({
    files: [{ path: 'var/a', mode: '1666', permissions: ['world-writable'] }],
  });
});

test('programs for other machines are told with the name of the machine', async () => {
  const entries = [
    file('usr/bin/a', elf(amd64)),
    file('usr/bin/b', elf(22)),
    file('usr/lib/c.so', elf(20), 0o644),
    file('usr/lib/d.txt', elf(22), 0o644),
    file('usr/lib/e', elf(9999)),
  ];
  expect(await details('binaryarch', entries)).toEqual({
    binaries: [
      { path: 'usr/bin/b', arch: 's390' },
      { path: 'usr/lib/c.so', arch: 'unknown (EM_PPC)' },
      { path: 'usr/lib/e', arch: 'unknown (EM_ALPHA_STD+9958)' },
    ],
  });
});

test('copies of a file are counted where name and content agree, licences aside', async () => {
  const big = 'x'.repeat(1024);
  const entries = [
    file('a/one', big),
    file('b/one', big),
    file('c/one', 'y'.repeat(1024)),
    file('d/two', big),
    file('e/LICENSE', big),
    file('f/LICENSE', big),
    file('g/small', 'x'),
    file('h/small', 'x'),
  ];
  expect(await details('duplicate', entries)).toMatchObject({
    total_duplicate_sets: 1,
    total_wasted_size: '1.0 kB',
    duplicates: [{ basename: 'one', count: 2, paths: ['a/one', 'b/one'] }],
  });
});

test('several Pythons in one package are told instead of their modules', async () => {
  const entries = [directory('usr/lib/python3.11'), directory('usr/lib/python3.12')];
  const found = await lint(['python/docs', 'python/multiple', 'python/test'], entries);
  expect(found.map(({ message }) => message)).toEqual(
    Array.from({ length: 3 }, () => 'more than one Python version detected: 2 found'),
  );
});

describe('where melange has a quirk', () => {
  const both = async (
    linter: LinterName,
    entries: readonly TreeEntry[],
  ): Promise<readonly (LintDetails | undefined)[]> => [
    await details(linter, entries),
    await details(linter, entries, { dialect: 'melange' }),
  ];

  test('the directory of info pages is found as the file that it is', async () => {
    expect(await both('infodir', [file('usr/share/info/dir')])).toEqual([
      { paths: ['usr/share/info/dir'] },
      undefined,
    ]);
  });

  test('debug information is found by what compilers call it', async () => {
    const entries = [
      file('usr/bin/a', elf(amd64, '.debug_info')),
      file('usr/bin/b', elf(amd64, '.debug_gdb_scripts')),
      file('usr/bin/c', elf(amd64, '.zdebug')),
      file('usr/lib/debug/a', elf(amd64, '.debug_info')),
    ];
    expect(await both('strip', entries)).toEqual([
      { binaries: ['usr/bin/a', 'usr/bin/c'] },
      { binaries: ['usr/bin/c'] },
    ]);
  });

  test('a file that only begins like a program ends its search for debug information', async () => {
    const entries = [file('usr/bin/a', '\x7fELF?'), file('usr/bin/b', elf(amd64, '.debug'))];
    expect(await both('strip', entries)).toEqual([{ binaries: ['usr/bin/b'] }, undefined]);
    const [found] = await lint(['strip'], entries, { dialect: 'melange' });
    expect(found?.message).toMatch(/^could not open file "usr\/bin\/a" as executable: /);
  });

  test('an unknown machine is told by the nearest that Go knows below it', () => {
    expect(machineName(219)).toBe('EM_CSR_KALIMBA ');
    const names = [0, 6, 10, 110, 168, 250, 258, 36_902, 65_535].map(machineName);
    expect(names.join(' ')).toBe(
      'EM_NONE EM_486 EM_MIPS_RS3_LE EM_UNICORE EM_ECOG1 EM_ALPHA_STD+209 EM_LOONGARCH EM_ALPHA EM_ALPHA+28633',
    );
  });

  test('what its sections hold is not looked at to tell the machine', async () => {
    // A dynamic section that lies nowhere: no dependency can be read, and it is a program all the same.
    const broken = elf(40, '.dynamic');
    Buffer.from(broken.buffer).writeUInt32LE(2, 64 + 64 + 4);
    Buffer.from(broken.buffer).writeUInt32LE(0x7fff_ffff, 64 + 64 + 24);
    const entries = [file('usr/lib/.so', broken, 0o644)];
    expect(await details('binaryarch', entries, { dialect: 'melange' })).toEqual({
      binaries: [{ path: 'usr/lib/.so', arch: 'arm' }],
    });
  });

  test('what is left of a name is counted in bytes', async () => {
    const entries = ['é.py', '日本.py', 'éa.x', 'one'].map((name) =>
      file(`usr/lib/python3.12/site-packages/${name}`),
    );
    expect(await details('python/multiple', entries, { dialect: 'melange' })).toMatchObject({
      packages: ['"one"', '"é"', '"é."', '"日"'],
    });
    const cut = ['aé.py', 'one'].map((name) => file(`usr/lib/python3.12/site-packages/b${name}`));
    expect(await details('python/multiple', cut, { dialect: 'melange' })).toMatchObject({
      packages: ['"ba\\xc3"', '"bone"'],
    });
  });

  test('modules of Python lose their extension', async () => {
    const modules = ['mod', 'single.py', 'x.abi3.so', '_y', 'z-1.dist-info'];
    const entries = modules.map((name) => file(`usr/lib/python3.12/site-packages/${name}`));
    expect(await both('python/multiple', entries)).toEqual([
      { count: 3, packages: ['"mod"', '"single"', '"x"'] },
      { count: 3, packages: ['"mod"', '"sin"', '"x.a"'] },
    ]);
  });

  test('an architecture is a word of the path', async () => {
    const entries = [
      file('usr/share/sparcling/a'),
      file('usr/lib/ppc64le/a'),
      file('mips/a'),
      file('usr/lib/x-i386-y'),
      file('usr/lib/x-i386-aarch64'),
    ];
    expect(await both('unsupportedarch', entries)).toEqual([
      {
        files: [
          { path: 'usr/lib/ppc64le/a', arch: 'ppc64le' },
          { path: 'mips/a', arch: 'mips' },
          { path: 'usr/lib/x-i386-y', arch: 'i386' },
        ],
      },
      {
        files: [
          { path: 'usr/share/sparcling/a', arch: 'sparc' },
          { path: 'usr/lib/ppc64le/a', arch: 'ppc64' },
          { path: 'usr/lib/x-i386-y', arch: 'i386' },
        ],
      },
    ]);
  });

  test('the links of a merged system are no offence, and everything is looked at', async () => {
    const entries = [
      file('0'),
      link('bin', 'usr/bin'),
      directory('lib'),
      file('lib/a'),
      directory('usr'),
      file('usr/a'),
      directory('usr/sbin'),
    ];
    expect(await both('usrmerge', entries)).toEqual([
      { paths: ['lib', 'lib/a', 'usr/sbin'] },
      undefined,
    ]);
    expect(await both('usrmerge', entries.slice(1))).toEqual([
      { paths: ['lib', 'lib/a', 'usr/sbin'] },
      { paths: ['bin', 'lib', 'lib/a'] },
    ]);
  });

  test('the name of the SBOM says nothing', async () => {
    const entries = [file('var/lib/db/sbom/win32-1.spdx.json')];
    expect(await both('nonlinux', entries)).toEqual([
      undefined,
      { references: [{ path: 'var/lib/db/sbom/win32-1.spdx.json', platform: 'windows' }] },
    ]);
  });
});
