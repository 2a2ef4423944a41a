import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, systemClock } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import { joinPackage, testPackage } from '@kiln/build';
import { parsePackageInfo, signControl, signatureSegment } from '@kiln/apk';
import { compileRecipe, parseRecipe } from '@kiln/recipe';
import { FsWorkspaces } from '@kiln/sandbox-bwrap';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HostBuild, definition, listing } from './host-build.ts';

/** Whole builds with real sandboxes, the catalog's pipelines and the host's compiler. */

let host: HostBuild;

beforeAll(() => {
  host = new HostBuild();
});

afterAll(() => host.remove());

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function helloTarball(): Uint8Array {
  const source = join(host.folder, 'hello-1.0');
  mkdirSync(source, { recursive: true });
  const greet =
    '#include <stdio.h>\nvoid greet(const char *name) { char text[64]; snprintf(text, sizeof text, "hello %s", name); puts(text); }\n';
  writeFileSync(join(source, 'greet.c'), greet);
  writeFileSync(join(source, 'greet.h'), 'void greet(const char *name);\n');
  writeFileSync(
    join(source, 'main.c'),
    '#include "greet.h"\nint main(int c, char **v) { greet(c > 1 ? v[1] : "moon"); return 0; }\n',
  );
  writeFileSync(
    join(source, 'Makefile'),
    [
      'all: hello libgreet.so.1 libgreet.a',
      'greet.o: greet.c\n\t$(CC) $(CFLAGS) -g -fPIC -c greet.c',
      'libgreet.so.1: greet.o\n\t$(CC) $(LDFLAGS) -shared -Wl,-soname,libgreet.so.1 -o $@ greet.o',
      'libgreet.a: greet.o\n\tar rcD $@ greet.o',
      'hello: main.c libgreet.so.1\n\t$(CC) $(CFLAGS) -g -fPIE -pie $(LDFLAGS) -o $@ main.c ./libgreet.so.1',
      'install:',
      '\tinstall -D hello $(DESTDIR)/usr/bin/hello',
      '\tinstall -D libgreet.so.1 $(DESTDIR)/usr/lib/libgreet.so.1',
      '\tln -s libgreet.so.1 $(DESTDIR)/usr/lib/libgreet.so',
      '\tinstall -D -m 644 libgreet.a $(DESTDIR)/usr/lib/libgreet.a',
      '\tinstall -D -m 644 greet.h $(DESTDIR)/usr/include/greet.h',
      '\tinstall -D -m 644 Makefile $(DESTDIR)/usr/share/man/man1/hello.1',
      '\ttouch $(DESTDIR)/usr/lib/libgreet.la',
      '\tln $(DESTDIR)/usr/bin/hello $(DESTDIR)/usr/bin/hallo',
      '',
    ].join('\n'),
  );
  return execFileSync('tar', ['-cz', '-C', host.folder, 'hello-1.0']);
}

const patch = `--- a/main.c
+++ b/main.c
@@ -1,2 +1,2 @@
 #include "greet.h"
-int main(int c, char **v) { greet(c > 1 ? v[1] : "moon"); return 0; }
+int main(int c, char **v) { greet(c > 1 ? v[1] : "world"); return 0; }
`;

function helloRecipe(digest: string): string {
  return `
package:
  name: hello
  version: "1.0"
  epoch: 3
  description: Says hello
  copyright: [{license: MIT}]
pipeline:
  - uses: fetch
    with: {uri: "https://example.org/hello 1.0.tar.gz", expected-sha256: ${digest}, delete: "true"}
  - uses: patch
    with: {series: series}
  - uses: autoconf/make
    with: {opts: CC=gcc}
  - uses: autoconf/make-install
  - runs: test "$(./hello 2> /dev/null || LD_LIBRARY_PATH=. ./hello)" = "hello world"
  - uses: strip
subpackages:
  - name: hello-static
    pipeline: [{uses: split/static}]
  - name: hello-lib
    pipeline: [{uses: split/lib}]
  - name: hello-dev
    pipeline: [{uses: split/dev}]
  - name: hello-doc
    pipeline: [{uses: split/manpages}]
  - name: hello-foreign
    if: \${{build.arch}} == "aarch64"
`;
}

test('a source becomes packages, twice the same bytes, and every part says what it is', async () => {
  const tarball = helloTarball();
  const subject = {
    recipe: helloRecipe(sha256(tarball)),
    sources: { 'https://example.org/hello 1.0.tar.gz': tarball },
    side: { series: '# in order\n\nworld.patch\n', 'world.patch': patch },
  };
  const first = await host.run(subject);
  expect({ ...first.outcome, log: first.log }).toMatchObject({
    kind: 'built',
    report: { excused: [], unusedExceptions: [] },
  });
  if (first.outcome.kind !== 'built') return;
  const { packages } = first.outcome;
  expect(packages.map(({ fileName }) => fileName)).toEqual(
    ['hello', 'hello-static', 'hello-lib', 'hello-dev', 'hello-doc'].map(
      (name) => `${name}-1.0-r3.apk`,
    ),
  );
  const info = Object.fromEntries(packages.map((one) => [one.name, one.info]));
  expect(info['hello']).toMatchObject({
    depends: ['so:ld-linux-x86-64.so.2', 'so:libc.so.6', 'so:libgreet.so.1'],
    provides: ['cmd:hallo=1.0-r3', 'cmd:hello=1.0-r3'],
    origin: 'hello',
    licenses: ['MIT'],
  });
  expect(info['hello-lib']).toMatchObject({
    provides: ['so-ver:libgreet.so.1=1.0-r3', 'so:libgreet.so.1=1'],
  });
  expect(info['hello-dev']).toMatchObject({ depends: ['so:libgreet.so.1'], provides: [] });

  const files = await listing(first.blobs, packages[0]?.data.digest ?? digestOf(''));
  expect(files).toMatch(/^-rwxr-xr-x root\/root +\d+ 2023-11-14 22:13:20 usr\/bin\/hallo$/m);
  expect(files).toMatch(/usr\/bin\/hello link to usr\/bin\/hallo$/m);
  expect(files).toContain('var/lib/db/sbom/hello-1.0-r3.spdx.json');
  expect(files).not.toContain('.la');
  const dev = await listing(first.blobs, packages[3]?.data.digest ?? digestOf(''));
  expect(dev).toContain('usr/include/greet.h');
  expect(dev).toContain('usr/lib/libgreet.so -> libgreet.so.1');
  expect(dev).not.toContain('libgreet.a');

  const second = await host.run({ ...subject, cpus: 1, file: '/elsewhere/x.yaml' });
  expect(second.outcome).toMatchObject({
    packages: packages.map(({ controlDigest, checksum, data }) => ({
      controlDigest,
      checksum,
      data,
    })),
  });
});

test('a joined package has a signature that holds and a control segment that names its data', async () => {
  const { outcome, blobs } = await host.run({ recipe: 'package: {name: empty, version: "1"}\n' });
  if (outcome.kind !== 'built') throw new Error('not built');
  const [emitted] = outcome.packages;
  if (emitted === undefined) throw new Error('no package');
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const signature = signatureSegment({
    keyName: 'test.rsa.pub',
    signature: signControl(emitted.control, privateKey),
    mtimeSeconds: 1_700_000_000,
  });
  const joined = await joinPackage({
    signature,
    control: emitted.control,
    data: emitted.data.digest,
    blobs,
  });
  const file = join(host.folder, 'empty.apk');
  writeFileSync(file, await blobs.bytes(joined.digest));
  const pkginfo = execFileSync('tar', [
    '-xzO',
    '--ignore-zeros',
    '-f',
    file,
    '.PKGINFO',
  ]).toString();
  expect(parsePackageInfo(pkginfo)).toMatchObject({
    name: 'empty',
    version: '1-r0',
    dataHash: emitted.data.digest.slice(7),
  });
  expect(parsePackageInfo(pkginfo).installedSizeBytes).toBeGreaterThan(4096 * 5);
});

test('a step has no network, no other user, a fixed environment and quoted directories', async () => {
  const recipe = `
package: {name: probe, version: "1"}
environment: {environment: {LAYER: recipe, CFLAGS: ""}}
pipeline:
  - working-directory: "it's a dir"
    environment: {LAYER: outer, STEP: "1"}
    pipeline:
      - environment: {LAYER: inner}
        runs: |
          echo "pwd=$PWD id=$(id -u):$(id -g) layer=$LAYER step=$STEP cflags=[$CFLAGS] date=$SOURCE_DATE_EPOCH home=$HOME"
          echo "links=$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' \\n')"
          false | true || echo "pipefail"
          test -e /nowhere && echo never
  - runs: 'echo "then pwd=$PWD layer=$LAYER"'
`;
  const { outcome, log } = await host.run({ recipe });
  expect(outcome.kind).toBe('built');
  expect(log.map((line) => line.replace(/^[^|]*\| /, ''))).toEqual([
    "pwd=/home/build/it's a dir id=1000:1000 layer=inner step=1 cflags=[] date=1700000000 home=/home/build",
    'links=lo',
    'pipefail',
    'then pwd=/home/build layer=recipe',
  ]);
});

test.each([
  [
    'a step that fails',
    'pipeline: [{runs: "exit 3"}]',
    { code: 'BUILD_STEP_FAILED', message: /exit code 3/ },
  ],
  [
    'a step that takes too long',
    'pipeline: [{runs: "sleep 60"}]',
    { code: 'BUILD_TIMED_OUT', message: /too long/ },
    'timeout: 2s',
  ],
  [
    'an assertion about steps',
    'pipeline: [{assertions: {required-steps: 2}, pipeline: [{runs: "true"}]}]',
    { code: 'BUILD_ASSERTION_FAILED', message: /requires 2 nested steps to run, 1 did/ },
  ],
  [
    'a fifo in the tree',
    'pipeline: [{runs: "mkfifo ${{targets.destdir}}/pipe"}]',
    { code: 'BUILD_TREE_REFUSED', message: /"pipe" is a fifo/ },
  ],
  [
    'a link above the root',
    'pipeline: [{runs: "ln -s ../../etc/shadow ${{targets.destdir}}/x"}]',
    { code: 'BUILD_TREE_REFUSED', message: /links above the root/ },
  ],
  [
    'a tree that is a link',
    'pipeline: [{runs: "rmdir ${{targets.destdir}}; ln -s /etc ${{targets.destdir}}"}]',
    { code: 'BUILD_TREE_REFUSED', message: /not a directory/ },
  ],
])('%s fails the build', async (_what, pipeline, expected, extra = '') => {
  const recipe = `package:\n  name: bad\n  version: "1"\n  ${extra}\n${pipeline}\n`;
  const { outcome } = await host.run({ recipe });
  expect(outcome).toMatchObject({
    kind: 'failed',
    code: expected.code,
    message: expect.stringMatching(expected.message),
  });
});

test('a program without hardening fails the build, and an excuse with a reason lets it pass', async () => {
  const recipe = `
package: {name: soft, version: "1"}
pipeline:
  - runs: |
      mkdir -p \${{targets.destdir}}/usr/bin
      echo 'int main(void) { return 0; }' > main.c
      gcc -no-pie -Wl,-z,norelro -o \${{targets.destdir}}/usr/bin/soft main.c
`;
  const failed = await host.run({ recipe });
  expect(failed.outcome).toMatchObject({ kind: 'failed', code: 'BUILD_HARDENING_FAILED' });
  expect(failed.outcome).toHaveProperty(
    'findings',
    expect.arrayContaining([
      expect.stringMatching(/^soft: usr\/bin\/soft: pie: /),
      expect.stringMatching(/: relro: /),
    ]),
  );
  const exceptions = ['pie', 'relro', 'bind-now', 'fortify'].map(
    (check) => `{path: usr/bin/*, check: ${check}, reason: a test}`,
  );
  const excused = await host.run({
    recipe: `${recipe}\nkiln: {hardening: {exceptions: [${exceptions.join(', ')}]}}\n`,
  });
  expect(excused.outcome).toMatchObject({
    kind: 'built',
    report: { unusedExceptions: expect.arrayContaining(['usr/bin/* fortify']) },
  });
});

test('what analysis cannot tell is in the report of the build', async () => {
  const { outcome } = await host.run({
    recipe: `
package: {name: scripts, version: "1"}
pipeline:
  - runs: |
      mkdir -p "\${{targets.destdir}}/usr/bin"
      echo '#!/usr/bin/env -i perl' > "\${{targets.destdir}}/usr/bin/unclear"
      echo '#!/usr/bin/perl' > "\${{targets.destdir}}/usr/bin/clear"
`,
  });
  expect(outcome).toMatchObject({
    kind: 'built',
    packages: [{ info: { depends: ['cmd:perl'] } }],
    report: { warnings: ['scripts: usr/bin/unclear: its first line leaves the choice to env'] },
  });
});

test('a hostile archive cannot leave the workspace', async () => {
  const evil = join(host.folder, 'evil');
  mkdirSync(join(evil, 'top'), { recursive: true });
  writeFileSync(join(evil, 'top/file'), 'x\n');
  const tarball = execFileSync('tar', [
    '-cz',
    '-P',
    '-C',
    evil,
    '--transform',
    's,top/file,top/../../../../../etc/kiln-evil,',
    'top/file',
  ]);
  const recipe = `
package: {name: evil, version: "1"}
pipeline:
  - uses: fetch
    with: {uri: "https://example.org/evil.tar.gz", expected-sha256: ${sha256(tarball)}}
`;
  const { outcome } = await host.run({
    recipe,
    sources: { 'https://example.org/evil.tar.gz': tarball },
  });
  expect(outcome).toMatchObject({ kind: 'failed', code: 'BUILD_STEP_FAILED' });
  expect(existsSync('/etc/kiln-evil')).toBe(false);
});

test("cmake's pipelines build, and programs and archives are split away, stripped or left alone as each should", async () => {
  const recipe = `
package: {name: calc-bin, version: "2"}
pipeline:
  - uses: cmake/configure
    with: {opts: -DCMAKE_C_COMPILER=/usr/bin/gcc -DANSWER="forty two"}
  - uses: cmake/build
  - uses: cmake/install
    with: {output-dir: output}
  - runs: |
      cd \${{targets.destdir}}
      cp usr/bin/calc "usr/bin/a name with spaces"
      chmod 0555 usr/bin/calc
      printf 'ELFish' > usr/bin/text
      ar rcs usr/lib/libempty.a
      readelf -S usr/bin/calc | grep debug_info > /dev/null
  - uses: strip
  - runs: |
      cd \${{targets.destdir}}
      ! readelf -S usr/bin/calc | grep debug_info
      ! readelf -S "usr/bin/a name with spaces" | grep debug_info
      readelf -S usr/lib/libcalc.a | grep debug_info > /dev/null
      test "$(stat -c %a usr/bin/calc)" = 555
      test "$(usr/bin/calc)" = "forty two"
subpackages:
  - name: calc-static
    pipeline: [{uses: split/static}]
  - name: calc-progs
    pipeline: [{uses: split/bin}]
  - name: calc-none
    pipeline:
      - uses: split/dev
        with: {package: calc-static}
      - uses: split/lib
        with: {patterns: nothing, paths: /opt/lib}
      - uses: split/manpages
        with: {package: not-built}
`;
  const side = {
    'CMakeLists.txt': [
      'cmake_minimum_required(VERSION 3.13)',
      'project(calc C)',
      'set(CMAKE_C_FLAGS "${CMAKE_C_FLAGS} -g -fPIE")',
      'set(CMAKE_EXE_LINKER_FLAGS "${CMAKE_EXE_LINKER_FLAGS} -pie")',
      'add_library(calc STATIC lib.c)',
      'add_executable(main main.c)',
      'target_compile_definitions(main PRIVATE "ANSWER=\\"${ANSWER}\\"")',
      'target_link_libraries(main calc)',
      'set_target_properties(main PROPERTIES OUTPUT_NAME calc)',
      'install(TARGETS calc main)',
      '',
    ].join('\n'),
    'lib.c':
      '#include <stdio.h>\nvoid say(const char *t) { char b[80]; snprintf(b, sizeof b, "%s", t); puts(b); }\n',
    'main.c': 'void say(const char *);\nint main(void) { say(ANSWER); return 0; }\n',
  };
  const { outcome, blobs, log } = await host.run({ recipe, side });
  if (outcome.kind !== 'built') throw new Error(`${JSON.stringify(outcome)}\n${log.join('\n')}`);
  const paths = [];
  for (const { name, data } of outcome.packages)
    paths.push([name, await listing(blobs, data.digest)]);
  const found = Object.fromEntries(paths) as Record<string, string>;
  expect(found['calc-none']).toMatch(/usr\/lib\/libcalc\.a\n[^]*usr\/lib\/libempty\.a/);
  expect(found['calc-progs']).toContain('usr/bin/a name with spaces');
  expect(found['calc-bin']).not.toContain('usr/bin');
  expect(found['calc-static']).not.toContain('usr/');
});

test("a package's test runs without network and without the date of the build, and its failure is a value", async () => {
  const recipe = `
package: {name: tested, version: "1"}
environment: {environment: {GREETING: build}}
test:
  environment: {environment: {GREETING: test}}
  pipeline:
    - runs: echo "$GREETING ${'$'}{SOURCE_DATE_EPOCH-unset} \${{package.name}}"
    - runs: exit 4
`;
  const compiled = compileRecipe({
    recipe: parseRecipe(recipe, { file: 'r.yaml' }),
    arch: 'x86_64',
    pipelines: definition,
  });
  if (compiled.test === undefined) throw new Error('no test');
  const log: string[] = [];
  const outcome = await testPackage({
    packageName: 'tested',
    test: compiled.test,
    variables: [compiled.environment.environment],
    environmentRoots: [host.root],
    sideFiles: [],
    sandbox: host.sandbox(),
    workspaces: await FsWorkspaces.open({ directory: join(host.folder, 'w-test') }),
    blobs: new MemoryBlobs(),
    clock: systemClock,
    onLog: ({ text }) => log.push(text),
  });
  expect(log).toEqual(['test unset tested']);
  expect(outcome).toMatchObject({ kind: 'failed', code: 'BUILD_STEP_FAILED' });
});

test('the text of a licence is read by the guest, whatever links the build left, and is missed when it is not there', async () => {
  const recipe = (steps: string): string => `
package:
  name: terms
  version: "1"
  copyright: [{license: MIT OR Zlib}, {license: Our Terms, license-path: legal/TEXT}]
pipeline: [{runs: "mkdir legal; ${steps}"}]
`;
  const { outcome, blobs } = await host.run({ recipe: recipe('echo be kind > legal/TEXT') });
  if (outcome.kind !== 'built') throw new Error(JSON.stringify(outcome));
  const [terms] = outcome.packages;
  const sbom = execFileSync(
    'tar',
    ['-xzO', '--warning=no-unknown-keyword', '-f', '-', 'var/lib/db/sbom/terms-1-r0.spdx.json'],
    {
      input: await blobs.bytes(terms?.data.digest ?? digestOf('')),
    },
  ).toString();
  expect(JSON.parse(sbom)).toMatchObject({
    hasExtractedLicensingInfos: [{ licenseId: 'LicenseRef-Our-Terms', extractedText: 'be kind\n' }],
  });
  expect(sbom).toContain('"(MIT OR Zlib) AND LicenseRef-Our-Terms"');
  const missing = { kind: 'failed', code: 'BUILD_LICENSE_UNREADABLE' };
  expect((await host.run({ recipe: recipe('true') })).outcome).toMatchObject(missing);
  const outside = join(host.folder, 'secret');
  writeFileSync(outside, 'secret');
  expect((await host.run({ recipe: recipe(`ln -s ${outside} legal/TEXT`) })).outcome).toMatchObject(
    missing,
  );
});
