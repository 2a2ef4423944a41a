import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checksumOf, recordOf } from '@kiln/apk';
import { ExpandedPackages } from '@kiln/apk-cache';
import { environmentTree, treeMembers } from '@kiln/assemble';
import type { Digest } from '@kiln/base';
import { digestFromHex, digestOfValue } from '@kiln/base';
import { FsBlobs } from '@kiln/blobs-fs';
import { DebianBinaryArchive } from '@kiln/debian';
import { BwrapSandbox, EnvironmentStore } from '@kiln/sandbox-bwrap';
import type { WrappedPackage } from '@kiln/seed';
import { Closure, parseSeed, wrapDeb, wrapGenerated } from '@kiln/seed';
import { solve, unsolvedText } from '@kiln/solve';
import type { TarMember } from '@kiln/tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const catalog = join(import.meta.dirname, '../../catalog/seed.yaml');
let directory: string;
let blobs: FsBlobs;
let environments: EnvironmentStore;
let sandbox: BwrapSandbox;
const apks = new Map<string, { apk: Digest; wrapped: WrappedPackage }>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-seed-'));
  blobs = new FsBlobs({ directory: join(directory, 'blobs') });
  environments = new EnvironmentStore({ directory: join(directory, 'environments') });
  sandbox = await BwrapSandbox.open({ scratchDirectory: join(directory, 'scratch') });
  const definition = parseSeed(await readFile(catalog, 'utf8'), 'seed.yaml');
  const archive = new DebianBinaryArchive({ stateDirectory: join(directory, 'apt'), blobs });
  const packages = await archive.resolveClosure(definition.roots);
  await archive.downloadDebs(packages);
  const closure = new Closure(packages);
  const context = { definition, closure, blobs, buildTimeSeconds: 1_763_683_200 };
  for (const wrapped of await wrapGenerated(context)) await keep(wrapped);
  for (const one of packages) {
    await keep(await archive.open(digestFromHex(one.sha256), (deb) => wrapDeb(one, deb, context)));
  }
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function keep(wrapped: WrappedPackage): Promise<void> {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield wrapped.control;
    yield* blobs.read(wrapped.data);
  }
  const { digest } = await blobs.put(bytes());
  apks.set(wrapped.info.name, { apk: digest, wrapped });
}

async function environment(world: readonly string[]): Promise<string> {
  const records = [...apks.values()].map(({ wrapped: { info, control, dataSizeBytes } }) =>
    recordOf(info, checksumOf(control), control.length + dataSizeBytes),
  );
  const solution = solve([{ repository: 'seed', tag: '', records }], world);
  if (solution.kind !== 'solved') throw new Error(unsolvedText(solution));
  const names = solution.packages.map(({ record }) => record.name);
  const opener = new ExpandedPackages({
    directory: join(directory, 'expanded'),
    blobs,
    dialect: 'plain',
  });
  async function* members(): AsyncGenerator<TarMember> {
    const packages = [];
    for (const name of names)
      packages.push(await opener.open(apks.get(name)?.apk ?? digestFromHex('')));
    yield* treeMembers(await environmentTree({ packages, arch: 'x86_64' }));
  }
  return environments.ensure(digestOfValue(names), members);
}

async function run(root: string, script: string): Promise<{ exitCode: number; output: string }> {
  let output = '';
  const result = await sandbox.run({
    roots: [root],
    mounts: [],
    argv: ['/bin/sh', '-c', `set -eo pipefail\n${script}`],
    environment: { PATH: '/usr/bin:/usr/sbin', HOME: '/home/build', LANG: 'C.UTF-8' },
    workingDirectory: '/home/build',
    uid: 1000,
    gid: 1000,
    network: 'none',
    timeoutMs: 300_000,
    onOutput: (chunk) => {
      output += Buffer.from(chunk).toString('utf8');
    },
  });
  return { exitCode: result.kind === 'exited' ? result.exitCode : -1, output };
}

describe('an environment of build-base', () => {
  test('compiles and runs C and C++, dynamic and static', async () => {
    const root = await environment(['build-base']);
    const script = `
cat > hello.c <<'EOF'
#include <stdio.h>
int main(void) { puts("hello"); return 0; }
EOF
cat > hello.cc <<'EOF'
#include <iostream>
int main() { std::cout << "hello from C++" << std::endl; }
EOF
cc -O2 -D_FORTIFY_SOURCE=3 -o hello hello.c && ./hello
cc -static -o hello-static hello.c && ./hello-static
c++ -o hello-cc hello.cc && ./hello-cc
id -un; awk 'BEGIN { print 6 * 7 }'; yacc --version > /dev/null; lex --version > /dev/null; m4 --version > /dev/null`;
    expect(await run(root, script)).toEqual({
      exitCode: 0,
      output: 'hello\nhello\nhello from C++\nbuild\n42\n',
    });
  });

  test('has our library directory before the one of the compiler', async () => {
    const root = await environment(['build-base']);
    const script = `
echo 'int answer(void) { return ANSWER; }' > answer.c
echo '#include <stdio.h>
int answer(void); int main(void) { printf("%d\\n", answer()); return 0; }' > main.c
for place in /usr/lib:1 /usr/lib/x86_64-linux-gnu:2; do
  cc -shared -fPIC -DANSWER=\${place#*:} -Wl,-soname,libanswer.so.1 -o \${place%:*}/libanswer.so.1 answer.c
  ln -s libanswer.so.1 \${place%:*}/libanswer.so
done
cc -o main main.c -lanswer
ldconfig -C /etc/ld.so.cache 2>/dev/null || true
./main`;
    expect(await run(root, script)).toEqual({ exitCode: 0, output: '1\n' });
  });
});

describe('an environment of everything a recipe may ask for', () => {
  const world =
    'build-base autoconf automake bc busybox cmake file gettext git gperf libtool meson ninja perl python3 rsync scanelf texinfo wget xxd zstd';

  test('has what the pipelines ask for by other names than Debian gives', async () => {
    const root = await environment(['seed-base', 'busybox', 'git', 'ninja', 'scanelf', 'wget']);
    const script = `
busybox ash -c 'set -o pipefail; echo ash'
git init -q x && git -C x rev-parse --is-inside-work-tree
ninja --version > /dev/null
scanelf -BF '%a' /bin/ls
wget --version | head -n 1 | cut -d ' ' -f 1,2
command -v python3 || echo 'no python'`;
    expect(await run(root, script)).toEqual({
      exitCode: 0,
      output: 'ash\ntrue\nEM_X86_64 /bin/ls\nGNU Wget\nno python\n',
    });
  });

  test('has working perl and python', async () => {
    const root = await environment(world.split(' '));
    const script = `
perl -MPOSIX -MDigest::SHA=sha1_hex -MEncode -e 'print substr(sha1_hex("x"), 0, 8), "\\n"'
python3 -c 'import ctypes, hashlib, json, sqlite3, ssl, subprocess, zlib; print(hashlib.sha1(b"x").hexdigest()[:8])'
echo 2^10 | bc`;
    expect(await run(root, script)).toEqual({ exitCode: 0, output: '11f6ad8e\n11f6ad8e\n1024\n' });
  });

  test('builds with cmake and ninja, and with autoconf, automake and libtool', async () => {
    const root = await environment(world.split(' '));
    const script = `
mkdir with-cmake && cd with-cmake
printf 'cmake_minimum_required(VERSION 3.10)\\nproject(x C CXX)\\nadd_executable(x x.c)\\n' > CMakeLists.txt
echo 'int main(void) { return 0; }' > x.c
cmake -G Ninja . > log && ninja >> log && ./x && echo cmake
mkdir ../with-autoconf && cd ../with-autoconf
printf 'AC_INIT([x],[1])\\nAM_INIT_AUTOMAKE([foreign])\\nAC_PROG_CC\\nAM_PROG_AR\\nLT_INIT\\nAC_CONFIG_FILES([Makefile])\\nAC_OUTPUT\\n' > configure.ac
printf 'lib_LTLIBRARIES = libx.la\\nlibx_la_SOURCES = x.c\\n' > Makefile.am
echo 'int x(void) { return 0; }' > x.c
autoreconf -fi > log 2>&1 && ./configure >> log && make >> log && ls .libs/libx.so`;
    expect(await run(root, script)).toEqual({ exitCode: 0, output: 'cmake\n.libs/libx.so\n' });
  });

  test('has every library its programs need', async () => {
    const root = await environment(world.split(' '));
    const script = `for f in /usr/bin/* /usr/sbin/*; do if ldd "$f" 2>/dev/null | grep 'not found'; then echo "$f"; fi; done`;
    expect(await run(root, script)).toEqual({ exitCode: 0, output: '' });
  });
});
