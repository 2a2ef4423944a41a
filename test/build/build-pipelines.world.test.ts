import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HostBuild, hostProgram, listing, type Result } from './host-build.ts';

/** Pipelines of build systems and languages, where the host has their tools. */

let host: HostBuild;

beforeAll(() => {
  host = new HostBuild();
});

afterAll(() => host.remove());

/** Whether a program is not below `/usr`, which is all that the guest sees; its test is skipped then. */
function missing(program: string): boolean {
  return hostProgram(program)?.startsWith('/usr/') !== true && !existsSync(`/usr/bin/${program}`);
}

const exceptions =
  'kiln: {hardening: {exceptions: [{path: "**", check: pie, reason: test}, {path: "**", check: relro, reason: test}, {path: "**", check: bind-now, reason: test}, {path: "**", check: stack-protector, reason: test}, {path: "**", check: fortify, reason: test}]}}\n';

/** What is in the package, and the log. */
async function made(
  steps: string,
  side: Readonly<Record<string, string>>,
): Promise<{ readonly files: string; readonly log: string }> {
  const { outcome, blobs, log } = await host.run({
    recipe: `package: {name: a, version: "1"}\n${exceptions}pipeline:\n${steps}`,
    side,
  });
  expect({ outcome, log }).toMatchObject({ outcome: { kind: 'built' } });
  if (outcome.kind !== 'built' || outcome.packages[0] === undefined) throw new Error('not built');
  return { files: await listing(blobs, outcome.packages[0].data.digest), log: log.join('\n') };
}

test('configure runs with the words of opts, in its directory, and make installs without libtool archives', async () => {
  const { files, log } = await made(
    `
  - runs: chmod +x it*/configure
  - uses: autoconf/configure
    with:
      dir: it's here
      opts: |
        --with-x="a b" \\
        --date=$(echo today) # the end
  - uses: autoconf/make
    with: {dir: it's here, opts: 'A="1 2"', targets: all more}
  - uses: autoconf/make-install
    with: {dir: it's here, targets: put}
`,
    {
      "it's here/configure": '#!/bin/sh\nprintf "got <%s>\\n" "$@"\n',
      "it's here/Makefile":
        'all:\n\t@echo "all $(A) $(V)"\nmore: all\n\t@echo more\nput:\n\tmkdir -p $(DESTDIR)/usr/lib\n\ttouch $(DESTDIR)/usr/lib/x.la $(DESTDIR)/usr/lib/x.so\n',
    },
  );
  expect(log).toMatch(/got <--host=x86_64-pc-linux-gnu>[^]*got <--prefix=\/usr>/);
  expect(log).toMatch(/got <--with-x=a b>\n.*got <--date=today>/);
  expect(log).toMatch(/all 1 2 1\n(.*\n)*.*more/);
  expect(files).toContain('usr/lib/x.so');
  expect(files).not.toContain('x.la');
});

test('variables and commands in inputs are replaced, and what comes out is one word', async () => {
  const { log } = await made(
    `
  - runs: chmod +x it*/configure
  - {uses: autoconf/configure, with: {dir: $WHERE, host: $(echo some host), build: 'a"b'}}
  - {uses: autoconf/make, with: {dir: '${'${WHERE}'}'}}
environment: {environment: {WHERE: it's here}}
`,
    {
      "it's here/configure": '#!/bin/sh\nprintf "got <%s>\\n" "$@"\n',
      "it's here/Makefile": 'all:\n\t@echo "all $(V)"\n',
    },
  );
  expect(log).toContain('got <--host=some host>');
  expect(log).toContain('got <--build=a"b>');
  expect(log).toMatch(/all 1$/m);
});

/** Builds with a program of ours in place of one that the host may lack. */
async function withProgram(name: string, script: string, steps: string): Promise<Result> {
  const programs = mkdtempSync(path.join(host.folder, 'programs-'));
  writeFileSync(path.join(programs, name), `#!/bin/sh\n${script}`, { mode: 0o755 });
  chmodSync(programs, 0o755);
  return host.run({
    recipe: `package: {name: a, version: "1"}\npipeline:\n${steps}`,
    mounts: [{ source: programs, target: '/usr/local/bin', readOnly: true }],
  });
}

test('what cargo leaves is installed: the program that is named, or every file', async () => {
  const cargo = 'mkdir -p out/deps\n[ -e none ] || touch out/a out/b\n';
  const { outcome, blobs } = await withProgram(
    'cargo',
    cargo,
    `
  - {uses: cargo/build, with: {output-dir: out, prefix: opt}}
  - {uses: cargo/build, with: {output-dir: ., output: out/b}}
`,
  );
  if (outcome.kind !== 'built' || outcome.packages[0] === undefined) throw new Error('not built');
  const files = await listing(blobs, outcome.packages[0].data.digest);
  expect(files.match(/\S+\/[ab]$/gm)).toEqual(['opt/bin/a', 'opt/bin/b', 'usr/bin/out/b']);

  const empty = await withProgram(
    'cargo',
    cargo,
    `
  - runs: touch none
  - {uses: cargo/build, with: {output-dir: out}}
`,
  );
  expect(empty.outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
  expect(empty.log.join('\n')).toContain('cargo/build: there are no files in out');
});

test('Go installs several programs, or a library and nothing', async () => {
  const { outcome, log } = await withProgram(
    'go',
    'printf "got <%s>\\n" "$@"\n',
    `
  - {uses: go/install, with: {package: ./a ./b, version: v1, tags: x}}
`,
  );
  expect({ kind: outcome.kind, log }).toMatchObject({ kind: 'built' });
  expect(log.join('\n')).toMatch(/got <netgo,osusergo,x>[^]*got <\.\/a>\n.*got <\.\/b@v1>/);
});

test.skipIf(missing('autoreconf'))('configure is made where there is only its input', async () => {
  const { log } = await made('  - uses: autoconf/configure\n', {
    'configure.ac': 'AC_INIT([x],[1])\nAC_OUTPUT\n',
  });
  expect(log).toContain('creating ./config.status');
});

test.skipIf(missing('meson'))('meson configures, builds and installs', async () => {
  const { files } = await made(
    `
  - uses: meson/configure
    with: {output-dir: out dir, opts: '-Dwarning_level=1 -Dbuildtype="release"'}
  - {uses: meson/compile, with: {output-dir: out dir}}
  - {uses: meson/install, with: {output-dir: out dir}}
`,
    {
      'meson.build': "project('x', 'c')\nexecutable('x', 'x.c', install: true)\n",
      'x.c': 'int main(void) { return 0; }\n',
    },
  );
  expect(files).toContain('usr/bin/x');
});

test.skipIf(missing('perl'))('a Perl module is configured, installed and cleaned', async () => {
  const { files } = await made(
    `
  - uses: perl/make
  - uses: autoconf/make
  - uses: autoconf/make-install
  - uses: perl/cleanup
`,
    {
      'Makefile.PL':
        "use ExtUtils::MakeMaker;\nWriteMakefile(NAME => 'Kiln::Probe', VERSION => '1', PM => { 'Probe.pm' => '$(INST_LIB)/Kiln/Probe.pm' });\n",
      'Probe.pm': 'package Kiln::Probe;\n1;\n',
      MANIFEST: 'Makefile.PL\nProbe.pm\n',
    },
  );
  expect(files).toMatch(/usr\/share\/perl5\/Kiln\/Probe\.pm/);
  expect(files).not.toMatch(/perllocal|packlist/);
});

test.skipIf(missing('python3'))(
  'imports are tried one by one, and each failure is told',
  async () => {
    const { log } = await made(
      `
  - uses: python/import
    with:
      imports: |
        import json # and more

          from os import path
        # import nothing.such
        from os import \\
          sep
  - {uses: python/import, with: {python: python3 -I, from: os, import: path}}
  - {uses: python/test, with: {command: 'python3 -c "print(6 * 7)" && echo "$HOME"'}}
`,
      {},
    );
    expect(log).toMatch(/passed: \S+ -c "import json"\n.*passed: \S+ -c "from os import path"\n/);
    expect(log).toMatch(/passed: \S+ -c "from os import +sep"/);
    expect(log).toMatch(/passed: python3 -I -c "from os import path"/);
    expect(log).toMatch(/42\n.*\/home\/build/);
    expect(log).not.toContain('nothing.such');

    const failed = await host.run({
      recipe: `
package: {name: a, version: "1"}
pipeline:
  - {uses: python/import, with: {imports: "import nothing.such\\nimport json"}}
`,
    });
    expect(failed.outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
    expect(failed.log.join('\n')).toMatch(/failed: .*nothing.such"\n.*passed: .*json"/);
  },
);

test.each([
  ['imports: import a, import: b', /neither with import nor with from/],
  ['from: a', /neither import nor imports/],
  ['import: a, venv: /v, python: python3', /do not go together/],
  ['import: a, venv: /v', /no virtual environment/],
])('importing is refused with {%s}', async (inputs, message) => {
  const { outcome, log } = await host.run({
    recipe: `package: {name: a, version: "1"}\npipeline: [{uses: python/import, with: {${inputs}}}]\n`,
  });
  expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
  expect(log.join('\n')).toMatch(message);
});

test.skipIf(missing('python3'))('setup.py builds and installs', async () => {
  const { files } = await made(
    `
  - uses: python/build
  - uses: python/install
`,
    {
      // Stands for setuptools, which hosts do not all have: what is asked of it is what counts.
      'setup.py':
        'import os, sys\nif sys.argv[1] == "install":\n  root = [a for a in sys.argv if a.startswith("--root=")][0][7:]\n  os.makedirs(root + "/usr/lib")\n  open(root + "/usr/lib/args", "w").write(" ".join(sys.argv))\n',
    },
  );
  expect(files).toContain('usr/lib/args');
});

test.skipIf(missing('go'))('Go programs are built, stamped and stripped', async () => {
  const side = {
    'm/go.mod': 'module example.org/m\n\ngo 1.20\n',
    'm/cmd/hello/main.go':
      'package main\n\nvar version, who = "none", "none"\n\nfunc main() { println(version, who) }\n',
  };
  const setUp = `
  - runs: |
      git -c init.defaultBranch=main init -q m
      cd m
      git add .
      git -c user.name=A -c user.email=a@example.org commit -q -m first
      touch untracked
`;
  const see = `
  - name: see
    runs: |
      for program in \${{targets.destdir}}/usr/bin/*; do
        "$program"
        go version -m "$program" | grep -E 'vcs.(revision|modified)|GOAMD64|-tags' | sort
        ! readelf -S "$program" | grep debug_info
      done
`;
  const { files, log } = await made(
    `${setUp}
  - uses: go/build
    with:
      modroot: m
      packages: ./cmd/hello
      output: it's me
      tags: one,two
      ldflags: -X main.version=1 -X "main.who=$(git rev-parse --abbrev-ref HEAD)"
  - uses: go/build/v2
    with: {modroot: m, packages: ./cmd/...}
${see}`,
    side,
  );
  expect(files).toContain("usr/bin/it's me");
  expect(files).toContain('usr/bin/hello');
  expect(log).toContain('1 main');
  expect(log).toContain('-tags=netgo,osusergo,one,two');
  expect(log.match(/GOAMD64=v2/g)).toHaveLength(2);
  expect(log.match(/vcs\.modified=false/g)).toHaveLength(2);
});

test('a Go module is needed', async () => {
  const { outcome, log } = await host.run({
    recipe:
      'package: {name: a, version: "1"}\npipeline: [{uses: go/build, with: {packages: ., output: a, modroot: "no \\"where"}}]\n',
    side: { 'no "where/x': '' },
  });
  expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
  expect(log.join('\n')).toContain('there is no go.mod in no "where');
});
