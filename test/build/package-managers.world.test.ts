import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { MemoryBlobs } from '@kiln/blobs';
import { networkDependencies, networkRecord, type Mount, type NetworkRecord } from '@kiln/build';
import { TestRepositories, TestServer } from '@kiln/git-sources/testing';
import { Authority, type Credential } from '@kiln/network-observer';
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import { HostBuild, hostProgram } from './host-build.ts';

/**
 * Package managers through the observed network, where the host has them, and from the registries that the host's clients
 * are set to: what is fetched, and that a second build gets the same with nobody to ask.
 */

let host: HostBuild;
beforeAll(() => {
  host = new HostBuild();
});
afterAll(() => host.remove());

const full = process.env['KILN_TEST_FULL'] === '1';

interface Project {
  /** The program that has to be on the host. */
  readonly program: string;
  /** Where its packages come from; undefined: the host does not say. */
  registry(): string | undefined;
  /** By which the guest's client finds it. */
  variables?(registry: string): Readonly<Record<string, string>>;
  mounts?(): readonly Mount[];
  readonly files: Readonly<Record<string, string>>;
  readonly script: string;
  /** What is among the addresses of what was fetched. */
  readonly fetches: readonly RegExp[];
}

/** What a client of the host says of itself, on one line; undefined where it says nothing of use. */
function saidBy(program: string, ...words: readonly string[]): string | undefined {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    return execFileSync(program, words, { encoding: 'utf8', stdio: [...stdio] }).trim();
  } catch {
    return undefined;
  }
}

const readOnly = (source: string, target = source): Mount => ({ source, target, readOnly: true });

const share = '${{targets.destdir}}/usr/share/fetched';

const npm: Project = {
  program: '/usr/bin/npm',
  registry: () => saidBy('npm', 'config', 'get', 'registry'),
  variables: (registry) => ({ npm_config_registry: registry }),
  files: {
    'package.json':
      '{"name": "probe", "version": "1.0.0", "private": true, "dependencies": {"is-odd": "3.0.1"}}',
    'package-lock.json': JSON.stringify({
      name: 'probe',
      version: '1.0.0',
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': { name: 'probe', version: '1.0.0', dependencies: { 'is-odd': '3.0.1' } },
        'node_modules/is-number': {
          version: '6.0.0',
          integrity:
            'sha512-Wu1VHeILBK8KAWJUAiSZQX94GmOE45Rg6/538fKwiloUu21KncEkYGPqob2oSZ5mUT73vLGrHQjKw3KMPwfDzg==',
        },
        'node_modules/is-odd': {
          version: '3.0.1',
          integrity:
            'sha512-CQpnWPrDwmP1+SMHXZhtLtJv90yiyVfluGsX5iNCVkrhQtU3TQHsUWPG9wkdk9Lgd5yNpAg9jQEo90CBaXgWMA==',
          dependencies: { 'is-number': '^6.0.0' },
        },
      },
    }),
  },
  script: `
    npm ci --no-audit --no-fund --no-update-notifier
    [ "$(node -p 'require("is-odd")(3)')" = true ]
    mkdir -p ${share}; cp -r node_modules ${share}/`,
  fetches: [/\/is-odd\/-\/is-odd-3\.0\.1\.tgz$/, /\/is-number\/-\/is-number-6\.0\.0\.tgz$/],
};

const pip: Project = {
  program: '/usr/bin/pip3',
  registry: () =>
    process.env['PIP_INDEX_URL'] ??
    saidBy('pip3', 'config', 'get', 'global.index-url') ??
    saidBy(
      '/usr/bin/python3',
      '-c',
      'from pip._internal.models.index import PyPI; print(PyPI.simple_url)',
    ),
  variables: (registry) => ({ PIP_INDEX_URL: registry, PIP_NO_CACHE_DIR: '1' }),
  files: {
    wheel:
      'iniconfig==2.0.0 --hash=sha256:b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374\n',
    source:
      'docopt==0.6.2 --hash=sha256:49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491\n',
  },
  script: `
    export PYTHONDONTWRITEBYTECODE=1
    pip3 install --no-deps --no-compile --require-hashes -r wheel --target ${share}
    pip3 download --no-deps --no-binary :all: --require-hashes -r source -d ${share}`,
  fetches: [/\/iniconfig-2\.0\.0-py3-none-any\.whl$/, /\/docopt-0\.6\.2\.tar\.gz$/],
};

const goFiles = {
  'go.mod': 'module example.org/probe\n\ngo 1.19\n\nrequire github.com/pkg/errors v0.9.1\n',
  'go.sum': `github.com/pkg/errors v0.9.1 h1:FEBLx1zS214owpjy7qsBeixbURkuhQAwrK5UwLGTwt4=
github.com/pkg/errors v0.9.1/go.mod h1:bwawxfHBFNV+L2hUp1rHADufV3IMtnDRdf1r5NINEl0=
`,
  'main.go': `package main

import "github.com/pkg/errors"

func main() { println(errors.New("fetched").Error()) }
`,
};

const go: Project = {
  program: 'go',
  registry: () =>
    saidBy('go', 'env', 'GOPROXY')
      ?.split(/[,|]/)
      .find((one) => /^https?:/.test(one)),
  variables: (registry) => ({ GOPROXY: registry, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' }),
  files: goFiles,
  script: `
    go mod download
    go mod verify
    mkdir -p ${share}; cp "$(go list -m -f '{{.Dir}}' github.com/pkg/errors)"/*.go ${share}/`,
  fetches: [/\/v0\.9\.1\.zip$/, /\/v0\.9\.1\.mod$/],
};

const builtGo: Project = {
  ...go,
  script: `
    go build -trimpath -buildvcs=false -o probe .
    [ "$(./probe 2>&1)" = fetched ]
    mkdir -p ${share}; cp go.sum ${share}/`,
};

const cargoHome = process.env['CARGO_HOME'] ?? path.join(homedir(), '.cargo');
const cargoSettings = ['config.toml', 'config']
  .map((name) => path.join(cargoHome, name))
  .find((file) => existsSync(file));

const cargo: Project = {
  program: 'cargo',
  // Where its index is, cargo says in no command; it is asked instead.
  registry: () => saidBy('cargo', 'info', 'either@1.13.0', '--quiet') && '',
  mounts: () => {
    const toolchain = saidBy('rustc', '--print', 'sysroot');
    return toolchain === undefined ? [] : [readOnly(toolchain, '/opt/rust')];
  },
  files: {
    'Cargo.toml': `[package]
name = "probe"
version = "0.1.0"
edition = "2021"

[dependencies]
itertools = "=0.13.0"
either = "=1.13.0"
`,
    'src/main.rs': 'fn main() { println!("{}", itertools::join(["a", "b"], "-")); }\n',
    ...(cargoSettings === undefined
      ? {}
      : { '.cargo/config.toml': readFileSync(cargoSettings, 'utf8') }),
  },
  script: `
    export PATH=/opt/rust/bin:$PATH
    cargo fetch
    mkdir -p ${share}; cp -r "$HOME"/.cargo/registry/cache ${share}/`,
  fetches: [/\/itertools\b.*0\.13\.0/, /\/either\b.*1\.13\.0/],
};

const builtCargo: Project = {
  ...cargo,
  script: `
    export PATH=/opt/rust/bin:$PATH RUSTFLAGS=-Clinker=gcc
    cargo build
    [ "$(target/debug/probe)" = a-b ]
    mkdir -p ${share}; cp Cargo.lock ${share}/`,
};

const maven: Project = {
  program: '/usr/share/maven/bin/mvn',
  registry: () => '',
  mounts: () =>
    ['/etc/maven', '/etc/java-17-openjdk', path.join(homedir(), '.m2/settings.xml')]
      .filter((source) => existsSync(source))
      .map((source) => readOnly(source, source.endsWith('.xml') ? '/opt/settings.xml' : source)),
  files: {
    // An extension is fetched with what it needs, and no plugin beside it.
    'pom.xml': `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>probe</artifactId><version>1</version><packaging>pom</packaging>
  <build><extensions><extension>
    <groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId><version>1.7.36</version>
  </extension></extensions></build>
</project>
`,
  },
  script: `
    export JAVA_HOME=$(ls -d /usr/lib/jvm/java-17-openjdk-* | head -n 1)
    settings=; if [ -e /opt/settings.xml ]; then settings='-s /opt/settings.xml'; fi
    /usr/share/maven/bin/mvn -B -q $settings -Dmaven.repo.local=/tmp/repository validate
    mkdir -p ${share}; cp /tmp/repository/org/slf4j/slf4j-api/1.7.36/*.jar ${share}/`,
  fetches: [/\/slf4j-api-1\.7\.36\.jar$/, /\/slf4j-parent-1\.7\.36\.pom$/],
};

/** The project with where its packages come from. Skips the test, and says why, where it cannot be had. */
async function reached(
  { skip }: TestContext,
  { program, registry }: Project,
): Promise<NonNullable<Build['network']['outside']> & { readonly registry: string }> {
  if (hostProgram(program) === undefined) skip(`${program} is not on this host`);
  const address = registry();
  if (address === undefined) return skip(`${program} reaches no registry from here`);
  if (address !== '')
    await promisify(execFile)('curl', ['-sSLo', '/dev/null', '--max-time', '60', address]).catch(
      (error: { readonly stderr?: string }) =>
        skip(`the registry of ${program} does not answer: ${error.stderr ?? ''}`),
    );
  const allowed = address === '' ? [] : [new URL(address).hostname];
  return { registry: address, allowed, proxyVariables: process.env };
}

interface Build {
  readonly project: Project;
  readonly registry: string;
  readonly network: NonNullable<Parameters<HostBuild['run']>[0]['network']>;
  readonly blobs?: MemoryBlobs;
}

async function built({
  project,
  registry,
  network,
  blobs = new MemoryBlobs(),
}: Build): ReturnType<HostBuild['run']> {
  const variables = JSON.stringify(project.variables?.(registry) ?? {});
  return host.run({
    recipe: `package: {name: probe, version: "1"}
environment: {environment: ${variables}}
kiln: {network: {reason: its packages come from a registry}}
pipeline:
  - runs: |
${project.script.replace(/^\n/, '').replaceAll(/^ {4}/gm, '      ')}
`,
    side: project.files,
    mounts: project.mounts?.() ?? [],
    blobs,
    network,
  });
}

function recordOf({ outcome, log }: Awaited<ReturnType<HostBuild['run']>>): NetworkRecord {
  expect({ outcome, log }).toMatchObject({ outcome: { kind: 'built' } });
  if (outcome.kind !== 'built' || outcome.network === undefined) throw new Error('no record');
  return outcome.network;
}

const checksums = ({ outcome }: Awaited<ReturnType<HostBuild['run']>>): readonly string[] =>
  outcome.kind === 'built' ? outcome.packages.map(({ checksum }) => checksum) : [];

describe('what a package manager fetches is recorded, and a second build needs nobody for it', () => {
  const projects: readonly (readonly [string, Project, boolean])[] = [
    ['npm ci', npm, true],
    ['pip, with a wheel and a source', pip, true],
    ['go mod download', go, true],
    ['go build', builtGo, full],
    ['cargo fetch', cargo, true],
    ['cargo build', builtCargo, full],
    ['Maven', maven, full],
  ];

  test.for(projects)('%s', { timeout: 1_800_000 }, async ([, project, runs], context) => {
    if (!runs) context.skip('for ./kiln test --full');
    const { registry, ...outside } = await reached(context, project);
    const blobs = new MemoryBlobs();
    const common = { project, registry, blobs };
    const first = await built({ ...common, network: { known: undefined, outside } });
    const record = recordOf(first);
    const addresses = networkDependencies(record).map(({ uri }) => uri);
    for (const fetched of project.fetches)
      expect(addresses).toContainEqual(expect.stringMatching(fetched));
    const again = await built({ ...common, network: { known: record, outside: undefined } });
    expect(recordOf(again)).toEqual(record);
    expect(checksums(again)).toEqual(checksums(first));
    expect(again.log.filter((line) => /^network \| .*, sha256:/.test(line))).toEqual([]);
  });
});

test('a package that is another than the known one ends the build with both digests', async (context) => {
  const { registry, ...outside } = await reached(context, npm);
  const common = { project: npm, registry };
  const record = recordOf(await built({ ...common, network: { known: undefined, outside } }));
  const other = `sha256:${'0'.repeat(64)}` as const;
  const isPackage = (url: string): boolean => url.endsWith('/is-odd-3.0.1.tgz');
  const known = networkRecord(
    record.answers.map((one) =>
      isPackage(one.request.url) ? { ...one, content: { ...one.content, digest: other } } : one,
    ),
  );
  const now = record.answers.find(({ request }) => isPackage(request.url))?.content.digest;
  const { outcome } = await built({ ...common, network: { known, outside } });
  expect(outcome).toMatchObject({
    kind: 'failed',
    code: 'BUILD_NETWORK_REFUSED',
    message: expect.stringContaining(`gave 200 ${other} and now gives 200 ${now}`) as string,
  });
});

describe('git over HTTPS', () => {
  /** A server of this machine with a certificate, in front of one that speaks git. */
  async function withTls(
    target: string,
    { certificate, key }: Credential,
  ): Promise<{ readonly url: string; close(): void }> {
    const server = https.createServer({ cert: certificate, key }, (request, response) => {
      const { method, url, headers } = request;
      const onward = http.request(`${target}${url}`, { method, headers }, (answered) => {
        response.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(response);
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const close = (): void => {
      server.close();
      server.closeAllConnections();
    };
    return { url: `https://localhost:${(server.address() as AddressInfo).port}`, close };
  }

  test('is cloned with its history, and cloned again from the record', async () => {
    using repositories = new TestRepositories();
    repositories.init('module');
    repositories.commit('module', { one: 'first\n' });
    const commit = repositories.commit('module', { two: 'second\n' });
    await using plain = await TestServer.repositories(repositories.folder);
    const authority = new Authority();
    const server = await withTls(plain.url, authority.credentialFor('localhost'));
    const project: Project = {
      program: 'git',
      registry: () => server.url,
      files: {},
      // Servers of the sandbox itself are reached without the proxy; this one is not in it.
      script: `
    unset NO_PROXY no_proxy
    git clone -q ${server.url}/module/.git module
    [ "$(git -C module rev-parse HEAD)" = ${commit} ]
    mkdir -p ${share}; cp module/one module/two ${share}/`,
      fetches: [],
    };
    const common = { project, registry: '', blobs: new MemoryBlobs() };
    const outside = { allowed: ['localhost'], authorities: [authority.certificate] };
    const first = await built({ ...common, network: { known: undefined, outside } });
    const record = recordOf(first);
    expect(record.answers.map(({ request }) => request.method)).toContain('POST');
    server.close();
    const again = await built({ ...common, network: { known: record, outside: undefined } });
    expect(recordOf(again)).toEqual(record);
    expect(checksums(again)).toEqual(checksums(first));
  });
});
