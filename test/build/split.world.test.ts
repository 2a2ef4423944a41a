import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HostBuild, shells, type Result } from './host-build.ts';

/** What `split/*` moves, with both shells that steps may have. */
describe.each(shells)('in %s', (shell) => {
  let host: HostBuild;

  beforeAll(() => {
    host = new HostBuild(shell);
  });

  afterAll(() => host.remove());

  /** The trees after splitting: files, links and empty directories of every package, in byte order. */
  async function split(files: readonly string[], subpackages: string): Promise<string[]> {
    const result = await host.run({
      recipe: `
package: {name: thing, version: "1"}
pipeline:
  - working-directory: /home/build/melange-out/thing
    runs: |
${files.map((line) => `      ${line}`).join('\n')}
subpackages:
${subpackages}
  - name: see
    pipeline:
      - working-directory: /home/build/melange-out
        runs: |
          find . '(' -type f -o -type l -o -type d -empty ')' | sed -e 's,^./,tree: ,' | LC_ALL=C sort
`,
    });
    return trees(result);
  }

  const file = (path: string): string => `mkdir -p "$(dirname '${path}')"; echo x > '${path}'`;
  const link = (path: string): string => `mkdir -p "$(dirname '${path}')"; ln -s target '${path}'`;
  const one = (name: string, uses: string, inputs = '{}'): string =>
    `  - {name: ${name}, pipeline: [{uses: ${uses}, with: ${inputs}}]}`;

  test('split/dev takes what building needs and leaves what running needs', async () => {
    const moved = [
      'usr/include/a b/x.h',
      'usr/lib/pkgconfig/x.pc',
      'usr/share/pkgconfig/x.pc',
      'usr/share/aclocal/x.m4',
      'usr/share/gettext/x',
      'usr/bin/x-config',
      'usr/bin/x_config',
      'usr/share/vala/vapi/x.vapi',
      'usr/share/gir-1.0/x.gir',
      'usr/share/qt6/mkspecs/x',
      'usr/lib/qt6/mkspecs/x',
      'usr/lib/cmake/x.cmake',
      'usr/share/cmake/x.cmake',
      'usr/lib/glade/modules/x',
      'usr/share/glade/catalogs/x',
      'opt/x/include/x.h',
      'usr/lib/a b.a',
      'usr/lib/x/x.o',
      'usr/lib/x/x.c',
      'usr/share/x/x.h',
      'usr/lib/x.prl',
      'lib/x.a',
    ];
    const kept = ['usr/bin/x', 'usr/lib/libx.so.1', 'usr/share/gir/x', 'usr/lib/x.txt', 'etc/x.h'];
    const found = await split(
      [...moved, ...kept]
        .map(file)
        .concat(link('usr/lib/libx.so'), link('lib/liby.so'), link('usr/lib/x/plugin.so')),
      one('thing-dev', 'split/dev'),
    );
    expect(found).toEqual(
      [
        ...[...moved, 'usr/lib/libx.so', 'lib/liby.so'].map((path) => `thing-dev/${path}`),
        ...[...kept, 'usr/lib/x/plugin.so', 'lib', 'opt'].map((path) => `thing/${path}`),
        'see',
      ].sort(),
    );
  });

  test('split/dev looks below a prefix of its own', async () => {
    const found = await split(
      [
        ...['opt/x/usr/bin/x-config', 'opt/x/usr/lib/x.a', 'usr/lib/y.a'].map(file),
        link('opt/x/lib/libx.so'),
        link('opt/x/usr/lib/libx.so'),
        link('usr/lib/liby.so'),
      ],
      one('thing-dev', 'split/dev', '{prefix: //opt/x/usr}'),
    );
    expect(found).toEqual([
      'see',
      'thing-dev/opt/x/lib/libx.so',
      'thing-dev/opt/x/usr/bin/x-config',
      'thing-dev/opt/x/usr/lib/libx.so',
      'thing-dev/opt/x/usr/lib/x.a',
      'thing/opt/x/lib',
      'thing/opt/x/usr/lib',
      'thing/usr/lib/liby.so',
      'thing/usr/lib/y.a',
    ]);
  });

  test('split/static comes before split/dev and wins the archives', async () => {
    const found = await split(
      ['lib/x.a', 'usr/lib/a b/y.a', 'usr/include/y.h', 'opt/z.a'].map(file),
      `${one('thing-static', 'split/static')}\n${one('thing-dev', 'split/dev')}`,
    );
    expect(found).toEqual([
      'see',
      'thing-dev/usr/include/y.h',
      'thing-static/lib/x.a',
      'thing-static/usr/lib/a b/y.a',
      'thing/opt/z.a',
      'thing/usr/lib',
    ]);
  });

  test('split/lib takes versioned libraries, by pattern and from further directories', async () => {
    const files = [
      'lib/libz.so.1',
      'usr/lib/libssl.so.3',
      'usr/lib/libcrypto.so.3',
      'usr/lib/libother.so.1',
      'usr/lib/deeper/libssl.so.3',
      'usr/lib/x/libssl.so.1',
    ].map(file);
    const found = await split(
      [...files, link('usr/lib/libssl.so.3.0'), link('usr/lib/libssl.so')],
      [
        '  - name: thing-tls',
        '    pipeline:',
        '      - uses: split/lib',
        '        with: {patterns: "ssl\\n\\n crypt*\\n", paths: "\\n/usr/lib/x/\\nusr/none\\n"}',
        one('thing-libs', 'split/lib'),
      ].join('\n'),
    );
    expect(found).toEqual([
      'see',
      'thing-libs/lib/libz.so.1',
      'thing-libs/usr/lib/libother.so.1',
      'thing-tls/usr/lib/libcrypto.so.3',
      'thing-tls/usr/lib/libssl.so.3',
      'thing-tls/usr/lib/libssl.so.3.0',
      'thing-tls/usr/lib/x/libssl.so.1',
      'thing/usr/lib/deeper/libssl.so.3',
      'thing/usr/lib/libssl.so',
    ]);
  });

  test('split/bin takes programs, from the package whose name it has with -bin behind', async () => {
    const found = await split(
      ['usr/bin/x y', 'usr/sbin/z']
        .map(file)
        .concat('mkdir -p ../other/usr/bin; echo x > ../other/usr/bin/o'),
      `  - name: other\n${one('other-bin', 'split/bin')}\n${one('progs', 'split/bin')}`,
    );
    expect(found).toEqual([
      'other-bin/usr/bin/o',
      'other/usr',
      'progs/usr/bin/x y',
      'see',
      'thing/usr/sbin/z',
    ]);
  });

  test('every pattern of libraries counts, "*" for those of any name', async () => {
    const found = await split(
      ['usr/lib/other.so.1', 'usr/lib/libx.so.2', 'usr/lib64/libz.so.1'].map(file),
      one('libs', 'split/lib', '{patterns: "none\\n*\\n", paths: usr/lib64}'),
    );
    expect(found).toEqual([
      'libs/usr/lib/libx.so.2',
      'libs/usr/lib/other.so.1',
      'libs/usr/lib64/libz.so.1',
      'see',
      'thing/usr',
    ]);
  });

  test('directories that become empty stay or go as with melange', async () => {
    const files = [
      'usr/share/info/x.info',
      'usr/share/locale/de/x.mo',
      'opt/a/include/x.h',
      'usr/lib/a/b/x.a',
    ].map(file);
    const found = await split(
      [...files, 'mkdir -p usr/share/man/man1 usr/libexec/x', file('usr/bin/x')],
      ['infodir', 'locales', 'dev', 'manpages']
        .map((kind) => one(kind, `split/${kind}`))
        .join('\n'),
    );
    expect(found).toEqual([
      'dev/opt/a/include/x.h',
      'dev/usr/lib/a/b/x.a',
      'infodir/usr/share/info/x.info',
      'locales/usr/share/locale/de/x.mo',
      'manpages/usr/share/man/man1',
      'see',
      'thing/opt',
      'thing/usr/bin/x',
      'thing/usr/lib/a',
      'thing/usr/libexec/x',
    ]);
    expect(
      await split(
        ['mkdir -p usr/libexec/x opt/x', file('usr/bin/x'), file('usr/bin/.y')],
        one('bin', 'split/bin'),
      ),
    ).toEqual(['bin/usr/bin/x', 'see', 'thing/opt/x', 'thing/usr/bin/.y']);
  });

  test('documentation and translations go where they belong, wherever they were', async () => {
    const files = [
      'usr/share/man/man1/x.1',
      'usr/local/share/man/man1/y.1',
      'usr/man/man5/z.5',
      'usr/share/info/dir',
      'usr/share/info/x.info',
      'usr/share/doc/x/README',
      'usr/local/share/doc/x/NEWS',
      'usr/share/locale/de/x.mo',
      'usr/bin/x',
    ].map(file);
    const names = (kind: string): string => one(`thing-${kind}`, `split/${kind}`);
    expect(
      await split(files, [names('manpages'), names('infodir'), names('locales')].join('\n')),
    ).toEqual([
      'see',
      'thing-infodir/usr/share/info/x.info',
      'thing-locales/usr/share/locale/de/x.mo',
      'thing-manpages/usr/share/man/man1/x.1',
      'thing-manpages/usr/share/man/man1/y.1',
      'thing-manpages/usr/share/man/man5/z.5',
      'thing/usr/bin/x',
      'thing/usr/local/share/doc/x/NEWS',
      'thing/usr/share/doc/x/README',
    ]);
    expect(await split(files, names('alldocs'))).toEqual([
      'see',
      'thing-alldocs/usr/share/doc/x/NEWS',
      'thing-alldocs/usr/share/doc/x/README',
      'thing-alldocs/usr/share/info/x.info',
      'thing-alldocs/usr/share/man/man1/x.1',
      'thing-alldocs/usr/share/man/man1/y.1',
      'thing-alldocs/usr/share/man/man5/z.5',
      'thing/usr/bin/x',
      'thing/usr/share/locale/de/x.mo',
    ]);
  });

  test('a package that was not made gives nothing, and another package of the recipe gives what it has', async () => {
    const found = await split(
      ['mkdir -p ../other/usr/lib; echo x > ../other/usr/lib/x.a', file('usr/lib/y.a')],
      `  - name: other\n${one('a', 'split/static', '{package: other}')}\n${one('b', 'split/dev', '{package: none}')}`,
    );
    expect(found).toEqual(['a/usr/lib/x.a', 'b', 'other/usr', 'see', 'thing/usr/lib/y.a']);
  });

  test.each(['alldocs', 'bin', 'dev', 'infodir', 'lib', 'locales', 'manpages', 'static'])(
    'split/%s refuses to split a package from itself',
    async (kind) => {
      const { outcome, log } = await host.run({
        recipe: `package: {name: a, version: "1"}\npipeline: [{uses: split/${kind}}]\n`,
      });
      expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
      expect(log.join('\n')).toContain(`split/${kind}: a package cannot be split from itself`);
    },
  );

  test('split/debug is refused outside of subpackages', async () => {
    await expect(
      host.run({
        recipe: `package: {name: a, version: "1"}\npipeline: [{uses: split/debug, with: {package: b}}]\nsubpackages: [{name: b}]\n`,
      }),
    ).rejects.toMatchObject({ code: 'RECIPE_VARIABLE_UNKNOWN' });
  });

  test('split/bin fails where there are no programs', async () => {
    const { outcome } = await host.run({
      recipe: `package: {name: a, version: "1"}\nsubpackages: [{name: b, pipeline: [{uses: split/bin}]}]\n`,
    });
    expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
    const empty = await host.run({
      recipe: `package: {name: a, version: "1"}\npipeline: [{runs: 'mkdir -p \${{targets.destdir}}/usr/bin'}]\nsubpackages: [{name: b, pipeline: [{uses: split/bin}]}]\n`,
    });
    expect(empty.outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
  });

  test('no file outside the trees is reached by a name of a package', async () => {
    const { outcome, log } = await host.run({
      recipe: `package: {name: a, version: "1"}\nsubpackages: [{name: b, pipeline: [{uses: split/static, with: {package: ../x}}]}]\n`,
    });
    expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
    expect(log.join('\n')).toContain('no name of a package: ../x');
  });

  test('debug information goes to files of its own, which the stripped ones name', async () => {
    const { outcome, log } = await host.run({
      recipe: `
package: {name: thing, version: "1"}
pipeline:
  - runs: |
      cd \${{targets.destdir}}
      mkdir -p usr/bin usr/lib
      echo 'int answer(void) { return 42; }' > x.c
      echo 'int answer(void); int main(void) { return answer() != 42; }' > main.c
      gcc $CFLAGS -g -shared -fPIC -Wl,-z,relro,-z,now -Wl,-soname,libx.so.1 -o 'usr/lib/lib x.so.1' x.c
      gcc $CFLAGS -g -c -o usr/lib/x.o x.c
      gcc $CFLAGS -g -fPIE -pie -Wl,-z,relro,-z,now -o usr/bin/main main.c x.c
      ln usr/bin/main usr/bin/same
      rm x.c main.c
      chmod 0555 usr/bin/main
      printf 'ELF' > usr/bin/text
subpackages:
  - name: thing-dbg
    pipeline:
      - uses: split/debug
      - runs: |
          cd \${{targets.outdir}}
          find thing-dbg -type f -exec stat -c '%n %a' {} + | LC_ALL=C sort
          stat -c '%n %a %h' thing/usr/bin/*
          thing/usr/bin/main
          for file in 'thing/usr/lib/lib x.so.1' thing/usr/bin/same; do
            ! readelf -S "$file" | grep debug_info > /dev/null
            readelf -p .gnu_debuglink "$file" | grep -o '[^ ]*debug$'
          done
          readelf -S thing/usr/lib/x.o | grep debug_info > /dev/null
          readelf -S thing-dbg/usr/lib/debug/usr/bin/main.debug 2> /dev/null | grep debug_info > /dev/null
`,
    });
    expect({ kind: outcome.kind, log }).toMatchObject({ kind: 'built' });
    expect(log.filter((line) => line.startsWith('thing-dbg: cd')).map(afterBar)).toEqual([
      'thing-dbg/usr/lib/debug/usr/bin/main.debug 755',
      'thing-dbg/usr/lib/debug/usr/lib/lib x.so.1.debug 755',
      'thing/usr/bin/main 555 2',
      'thing/usr/bin/same 555 2',
      'thing/usr/bin/text 644 1',
      'x.so.1.debug',
      'main.debug',
    ]);
  });

  test('strip leaves objects, archives, scripts and files for other machines as they are', async () => {
    const { outcome, log } = await host.run({
      recipe: `
package: {name: thing, version: "1"}
pipeline:
  - runs: |
      cd \${{targets.destdir}}
      echo 'int main(void) { return 0; }' > main.c
      gcc $CFLAGS -g -fPIE -pie -Wl,-z,relro,-z,now -o ' main ' main.c
      gcc $CFLAGS -g -c -o x.o main.c
      ar rcs x.a x.o
      cp ' main ' foreign
      cp ' main ' bare
      printf '\\177ELF hello, this is a text about a format' > text
      printf '\\363\\000' | dd of=foreign bs=1 seek=18 conv=notrunc 2> /dev/null
      printf '\\377' | dd of=bare bs=1 seek=7 conv=notrunc 2> /dev/null
      echo 'echo hello' > script
      rm main.c
  - uses: strip
  - name: see
    runs: |
      cd \${{targets.destdir}}
      for file in ' main ' x.o x.a foreign bare; do
        if readelf -S "$file" 2> /dev/null | grep debug_info > /dev/null; then echo "$file: debug"; else echo "$file: none"; fi
      done
      rm foreign bare text
`,
    });
    expect({ kind: outcome.kind, log }).toMatchObject({ kind: 'built' });
    expect(log.filter((line) => line.startsWith('thing: see')).map(afterBar)).toEqual([
      ' main : none',
      'x.o: debug',
      'x.a: debug',
      'foreign: debug',
      'bare: debug',
    ]);
    expect(log.filter((line) => line.includes('strip: '))).toEqual([
      'thing: strip | strip: ./ main ',
    ]);
  });
});

function afterBar(line: string): string {
  return line.slice(line.indexOf(' | ') + 3);
}

function trees({ outcome, log }: Result): string[] {
  if (outcome.kind !== 'built') throw new Error(`${JSON.stringify(outcome)}\n${log.join('\n')}`);
  return log.flatMap((line) =>
    line.includes('| tree: ') ? [line.replace(/^.*?\| tree: /, '')] : [],
  );
}
