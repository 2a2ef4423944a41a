import { expect, test } from 'vitest';
import { commands } from './commands.ts';
import { documentation } from './documentation.ts';
import { perlModules, pythonModules, rubyGems } from './languages.ts';
import { pkgConfig, requiredModules, strictlyRequired } from './pkg-config.ts';
import { shebangs } from './shebangs.ts';
import { directory, file, hardlink, link, tree } from '../testing.ts';

test('programs are regular files directly in a command directory that all may run', () => {
  const found = commands(
    tree(
      'a',
      file('usr/bin/one'),
      file('usr/bin/private', '', 0o750),
      file('usr/bin/deep/two'),
      link('usr/bin/three', 'one'),
      file('usr/libexec/four'),
      hardlink('usr/sbin/five', 'usr/libexec/four'),
      file('usr/sbin/setuid', '', 0o4755),
    ),
    '1-r0',
  );
  expect(found).toEqual({ provides: ['cmd:one=1-r0', 'cmd:five=1-r0', 'cmd:setuid=1-r0'] });
});

test('scripts depend on the interpreter of their first line, however it is named', async () => {
  const lines = [
    '#!/bin/sh',
    '#!/usr/bin/perl -w',
    '#!/usr/bin/env ruby',
    '#!/usr/bin/env -S lua x',
    '#!/usr/bin/env -i perl6',
    '#!/usr/bin/env -x',
    '#! /opt/x/tcl',
    '#!/bin/env lisp',
    'none',
    '#!',
  ];
  const scripts = tree(
    'a',
    ...lines.map((text, index) => file(`usr/bin/s${index}`, `${text}\n`)),
    file('usr/libexec/s', '#!/bin/elsewhere\n'),
    hardlink('usr/local/bin/deep/s', 'usr/libexec/s'),
    link('usr/bin/x', 's0'),
  );
  const known = ['cmd:perl', 'cmd:ruby', 'cmd:lua', 'cmd:tcl', 'cmd:env', 'cmd:elsewhere'];
  const kiln = await shebangs(scripts, 'kiln');
  expect(kiln.runtime).toEqual(known);
  expect(kiln.warnings).toHaveLength(2);
  expect((await shebangs(scripts, 'melange')).runtime).toEqual(known.toSpliced(3, 0, 'cmd:-x'));
});

test('slashes behind an interpreter do not count, and a byte order mark is no blank', async () => {
  const lines = ['#!/bin/zsh/', '#!/', '#!a\u0085b', '#!c\ufeffd'];
  const scripts = tree('a', ...lines.map((text, index) => file(`usr/bin/s${index}`, `${text}\n`)));
  expect((await shebangs(scripts, 'melange')).runtime).toEqual([
    'cmd:zsh',
    'cmd:/',
    'cmd:a',
    'cmd:c\ufeffd',
  ]);
  expect(strictlyRequired('\ufeffName: x\n')).toBeUndefined();
});

test('the first line is looked at for 80 bytes', async () => {
  const long = `#!/${'x'.repeat(100)}\n`;
  expect((await shebangs(tree('a', file('usr/bin/s', long)), 'kiln')).runtime).toEqual([
    `cmd:${'x'.repeat(77)}`,
  ]);
});

test('documentation needs its readers only where it is all there is', () => {
  const entries = [directory('usr/share/man/man1'), file('usr/share/info/a.info', '')];
  expect(documentation(tree('a-doc', ...entries)).runtime).toEqual(['man-db', 'texinfo']);
  expect(documentation(tree('a-doc', file('usr/share/man/man1/a.1'))).runtime).toEqual([]);
  expect(documentation(tree('a', ...entries))).toEqual({});
});

const modules =
  'v=3\nname=zlib\nRequires: a >= 1, b<2 c = ${v}, ${name}\nRequires.private: \\\n  d\n# Requires: no\nRequires.internal: e!=1\nOther: f\n';

test('modules are taken from all kinds of requirements, variables expanded', () => {
  expect(requiredModules(modules)).toEqual(['a', 'b', 'c', 'zlib', 'd', 'e']);
});

test.each([
  ['Requires: gtk+-3.0\n', undefined],
  ['Requires: a:b c\n', undefined],
  ['Requires: ${x}\nName: y\n', undefined],
  ['Requires: a >= 1, b\nRequires: c\n', ['c']],
  ['foo-bar=1\nRequires: x\n', undefined],
  ['Requires:\nName: x\n', []],
  ['Requires: a >= 1 b < 2, c\n', ['a', 'b', 'c']],
  ['Requires: a != 1\n', undefined],
  ['Requires: a, , b\n', undefined],
  ['Requires: a\\\n b\n', undefined],
  ['Requires: a\r\nName: b\r\n', ['a']],
  ['requires: a\n', []],
  ['  Requires: a # c\nName: b\n', ['a']],
  ['Requires a\n', undefined],
  ['Requires: a = 1.0+dfsg\n', undefined],
  ['Requires: a > = 1\n', undefined],
  ['Requires: foo\nbar\n', undefined],
  ['Requires.internal: c\nRequires.private: b\nRequires: a\n', ['a', 'b', 'c']],
])('the grammar of melange makes of %j what its parser makes of it', (text, names) => {
  expect(strictlyRequired(text)).toEqual(names);
});

test('a module is provided from where pkg-config looks, else vendored, and a link says nothing', async () => {
  const found = await pkgConfig(
    tree(
      'a',
      file('opt/x.pc', 'Requires: hidden\n'),
      file('usr/lib/pkgconfig/gtk.pc', 'Requires: gdk+-3.0\n'),
      link('usr/lib/pkgconfig/other.pc', 'gtk.pc'),
      file('usr/local/share/pkgconfig/y.pc', 'Requires: z\n'),
    ),
    '1-r0',
    'kiln',
  );
  expect(found).toEqual({
    runtime: ['pc:gdk+-3.0', 'pc:z'],
    provides: ['pc:gtk=1-r0', 'pc:y=1-r0'],
    vendored: ['pc:x=1-r0'],
    warnings: [],
  });
});

test('what cannot be parsed as melange does gives nothing there, and is told', async () => {
  const broken = tree('a', file('usr/lib/pkgconfig/gtk.pc', 'Requires: gdk+-3.0\n'));
  expect(await pkgConfig(broken, '1-r0', 'melange')).toEqual({
    runtime: [],
    provides: [],
    vendored: [],
    warnings: ['a: usr/lib/pkgconfig/gtk.pc: not a module of pkg-config'],
  });
});

const languages = {
  declared: [] as readonly string[],
  dialect: 'kiln',
  place: 'workspace',
} as const;

test('modules of Perl need the Perl of their directory', () => {
  const below = (
    ...paths: readonly string[]
  ): typeof languages & { tree: ReturnType<typeof tree> } => ({
    ...languages,
    tree: tree('a', ...paths.map(directory)),
  });
  const both = below('lib/perl6/site_perl', 'usr/lib/perl5/vendor_perl');
  expect(perlModules(both).runtime).toEqual(['perl~5']);
  expect(perlModules(below('lib/perl6/site_perl')).runtime).toEqual(['perl~6']);
  expect(perlModules({ ...below('lib/perl6/site_perl'), dialect: 'melange' }).runtime).toEqual([
    'perl~site_perl',
  ]);
  expect(perlModules(below('usr/share/perl5/vendor_perl'))).toEqual({});
  expect(perlModules({ ...both, declared: ['perl'] })).toMatchObject({
    warnings: [expect.stringContaining('"perl" is declared')],
  });
  expect(perlModules({ ...both, declared: ['perl-json'] }).runtime).toEqual(['perl~5']);
});

test('modules of Perl and Ruby are found through links inside the package, under the first name', () => {
  const perl = (...entries: Parameters<typeof tree>[1][]): unknown =>
    perlModules({ ...languages, tree: tree('a', ...entries) }).runtime;
  const modulesIn = (path: string) => [directory(path), directory(`${path}/a_perl`)];
  const modules = modulesIn('usr/lib/perl5.1');
  expect(perl(link('usr/lib/perl5', 'perl5.1'), ...modules)).toEqual(['perl~5']);
  const both = tree('a', link('usr/lib/perl5', 'perl5.1'), ...modules);
  expect(perlModules({ ...languages, tree: both, place: 'archive' }).runtime).toEqual(['perl~5.1']);
  expect(perl(link('usr/lib/perl5', '/usr/lib/perl5.1'), ...modules)).toEqual(['perl~5.1']);
  expect(perl(...modulesIn('usr/lib/p'), link('usr/lib/perl6', 'p'))).toEqual(['perl~6']);
  expect(perl(link('usr/lib/perl5', 'perl5'), ...modules)).toEqual(['perl~5.1']);
  const gems = tree(
    'a',
    ...['r', 'r/gems', 'r/gems/3.5.0', 'r/gems/3.5.0/gems'].map((path) =>
      directory(`usr/lib/${path}`),
    ),
    link('usr/lib/ruby', 'r'),
  );
  expect(rubyGems({ ...languages, tree: gems }).runtime).toEqual(['ruby-3.5']);
});

test('modules of Python need the interpreter of the last directory', () => {
  const modulesOf = (...versions: readonly string[]): ReturnType<typeof tree> =>
    tree('a', ...versions.map((version) => directory(`usr/lib/${version}/site-packages`)));
  const python = (...versions: readonly string[]): unknown =>
    pythonModules({ ...languages, tree: modulesOf(...versions) }).runtime;
  expect(python('python3.11', 'python3.9')).toEqual(['python-3.9-base']);
  expect(python('python3.9', 'python3')).toEqual(['python-3.9-base']);
  expect(python('python3', 'pypy3.9')).toBeUndefined();
  const bare = {
    ...languages,
    tree: modulesOf('python3.9', 'python3'),
    dialect: 'melange',
  } as const;
  expect(pythonModules(bare).runtime).toEqual(['python-3-base']);
  const declared = { ...languages, tree: modulesOf('python3.9'), declared: ['python3'] };
  expect(pythonModules(declared).runtime).toBeUndefined();
});

test('gems need the Ruby of their directory', () => {
  const gems = (version: string, dialect: 'kiln' | 'melange' = 'kiln'): unknown =>
    rubyGems({
      ...languages,
      dialect,
      tree: tree('a', directory(`usr/lib/ruby/gems/${version}/gems`)),
    }).runtime;
  expect(gems('3.4.0')).toEqual(['ruby-3.4']);
  expect(gems('3.4.0', 'melange')).toEqual(['ruby-3.4']);
  expect(gems('3.3.6')).toEqual(['ruby-3.3']);
  expect(gems('3.3.6', 'melange')).toBeUndefined();
  const declared = { ...languages, declared: ['ruby-3.4'] };
  const own = tree('a', directory('lib/ruby/gems/3.4.0/gems'));
  expect(rubyGems({ ...languages, tree: own }).runtime).toEqual(['ruby-3.4']);
  expect(rubyGems({ ...declared, tree: own }).runtime).toBeUndefined();
});
