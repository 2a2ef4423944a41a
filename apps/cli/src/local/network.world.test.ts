import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { Authority } from '@kiln/network-observer';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseInvocation } from '../command.ts';
import { packageTest } from '../commands/package-test.ts';
import { readConfig } from '../config.ts';
import { PackageBuilds, failureOf, type TestRun } from './testing.ts';

/** Builds whose steps reach servers of this machine, which have to be allowed. */

let builds: PackageBuilds;
const authority = new Authority();
let asked: string[] = [];
let content = 'module one\n';
const servers: http.Server[] = [];
let plain = '';
let secure = '';

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  asked.push(request.url ?? '');
  if (request.url === '/absent') return void response.writeHead(404).end();
  response.end(content);
}

async function portOf(server: http.Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  builds = await PackageBuilds.open(['bash', 'mkdir', 'cat', 'curl', 'env']);
  plain = `http://127.0.0.1:${await portOf(http.createServer(answer))}`;
  const { certificate, key } = authority.credentialFor('localhost');
  const options = { cert: certificate, key };
  secure = `https://localhost:${await portOf(https.createServer(options, answer))}`;
});
afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  builds[Symbol.dispose]();
});
beforeEach(() => {
  asked = [];
  content = 'module one\n';
});

const needed = 'kiln: {network: {reason: "modules come from their registry"}}\n';

function recipe(name: string, script: string, more = needed): string {
  return builds.put(
    `${name}.yaml`,
    `package: {name: ${name}, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [tools]}}
pipeline:
  - name: download
    runs: |
      mkdir -p "\${{targets.destdir}}/usr/share"
      ${script}
${more}`,
  );
}

/** Servers of the sandbox itself are reached without the proxy; these here are not in it. */
const curl = 'curl -sSf --noproxy ""';

const fetched = (url: string): string =>
  `${curl} -o "\${{targets.destdir}}/usr/share/module" ${url}`;

const allowed = ['--network-allow', '127.0.0.1', '--network-allow', 'localhost'];

function apkOf({ rows }: TestRun): string {
  return rows[0]?.packages[0]?.file ?? '';
}

function dependenciesOf(run: TestRun): readonly unknown[] {
  const file = apkOf(run).replace('.apk', '.attest.tar.gz');
  const text = execFileSync('tar', ['-xzO', '--wildcards', '-f', file, '*.attestation'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const statement = JSON.parse(text) as {
    predicate: { buildDefinition: { resolvedDependencies: readonly unknown[] } };
  };
  return statement.predicate.buildDefinition.resolvedDependencies;
}

test('what a step fetches is in its package’s provenance and in a record beside it', async () => {
  const file = recipe('fetching', `${fetched(`${plain}/one`)}; ${curl} ${plain}/absent || true`);
  const run = await builds.build(file, allowed);
  expect(run.rows).toMatchObject([{ result: 'built' }]);
  const { digest } = dependenciesOf(run).find(
    (one): one is { uri: string; digest: { sha256: string } } =>
      (one as { uri?: string }).uri === `${plain}/one`,
  ) ?? { digest: undefined };
  const record = JSON.parse(
    fs.readFileSync(apkOf(run).replace('.apk', '.network.json'), 'utf8'),
  ) as { answers: readonly unknown[] };
  expect(record.answers).toMatchObject([
    { request: { url: `${plain}/absent` }, status: 404 },
    { request: { url: `${plain}/one` }, content: { digest: `sha256:${digest?.sha256}` } },
  ]);
  expect(run.talk).toContain(`network | GET ${plain}/one: 200, 11 bytes, sha256:`);
});

test('a second build of the same gets the same, whatever has become of it', async () => {
  const file = recipe('again', fetched(`${plain}/one`));
  const first = await builds.build(file, allowed);
  content = 'module two\n';
  const second = await builds.build(file, [...allowed, '--no-cache']);
  expect(asked).toEqual(['/one']);
  expect(second.rows[0]?.packages).toEqual(first.rows[0]?.packages);
  expect(second.talk).toContain(`network | GET ${plain}/one: 200, 11 bytes, known`);
  const checked = await builds.build(recipe('checked', fetched(`${plain}/one`)), [
    ...allowed,
    '--check',
  ]);
  expect(checked).toMatchObject({ code: 0, rows: [{ differences: [] }] });
  expect(asked).toEqual(['/one', '/one']);
});

test('with the record of another machine, other bytes end the build with both digests', async () => {
  const file = recipe('pinned', fetched(`${plain}/one`));
  const record = apkOf(await builds.build(file, allowed)).replace('.apk', '.network.json');
  const elsewhere = ['--cache-dir', path.join(builds.folder, 'elsewhere')];
  const words = [...allowed, ...elsewhere, '--network-record', record];
  content = 'module two\n';
  const said = await failureOf(builds.build(file, words));
  expect(said).toContain('error[BUILD_NETWORK_REFUSED]');
  expect(said).toContain(`${file}:1:`);
  expect(said).toMatch(/\/one gave 200 sha256:[0-9a-f]{64} and now gives 200 sha256:[0-9a-f]{64}/);
  content = 'module one\n';
  expect((await builds.build(file, words)).rows).toMatchObject([{ result: 'built' }]);
  const none = ['--network-record', path.join(builds.folder, 'none.json')];
  expect(await failureOf(builds.build(file, none))).toContain('error[LOCAL_FILE_UNREADABLE]');
});

test('a step of a recipe that does not ask for the network is told so, and --network gives it', async () => {
  const file = recipe('closed', fetched('http://example.org/one'), '');
  const said = await failureOf(builds.build(file));
  expect(said).toContain('error[BUILD_STEP_FAILED]');
  expect(said).toContain(`${file}:4:`);
  expect(said).toContain('Could not resolve host: example.org');
  expect(said).toMatch(/hint: steps have no network: .*kiln\.network/);
  const open = recipe('opened', fetched(`${plain}/one`), '');
  await failureOf(builds.build(open, allowed));
  expect((await builds.build(open, [...allowed, '--network'])).rows).toMatchObject([
    { result: 'built' },
  ]);
});

test('what the network refuses explains the step that failed', async () => {
  const said = await failureOf(builds.build(recipe('private', fetched(`${plain}/one`))));
  expect(said).toContain('error[BUILD_STEP_FAILED]');
  expect(said).toContain('network: "127.0.0.1" is an address of this machine or its own network');
  expect(said).toContain('--network-allow');
  expect(asked).toEqual([]);
  const around = recipe(
    'around',
    'env -u http_proxy -u ALL_PROXY -u all_proxy curl -sSf http://example.org/',
  );
  expect(await failureOf(builds.build(around))).toMatch(/hint: the network is there for programs/);
});

describe('tests of packages', () => {
  interface TestRow {
    readonly name: string;
    readonly kind: string;
    readonly fetched?: readonly unknown[];
  }

  async function testOf(
    file: string,
    more: readonly string[] = [],
  ): Promise<{ readonly rows: readonly TestRow[]; readonly talk: string }> {
    let [out, talk] = ['', ''];
    const print = {
      data: (text: string) => void (out += text),
      talk: (text: string) => void (talk += text),
    };
    const given = builds.words.filter(
      (word, at) => ![word, builds.words[at - 1]].includes('--date'),
    );
    const words = [file, '--json', ...given, ...more];
    await packageTest.run(parseInvocation(packageTest, words, readConfig({}), print));
    return { rows: JSON.parse(out) as readonly TestRow[], talk };
  }

  const tested = `test:
  environment: {contents: {packages: [tools]}}
  pipeline:
    - runs: test "$(${curl} URL)" = "module one"
`;

  test('reach the network where they are told so, and say what they fetched', async () => {
    const file = recipe('tested', 'true', tested.replace('URL', `${plain}/one`));
    await builds.build(file);
    const said = await failureOf(testOf(file));
    expect(said).toContain('error[BUILD_STEP_FAILED]: test of tested: ');
    const { rows, talk } = await testOf(file, [...allowed, '--network']);
    const digest = createHash('sha256').update(content).digest('hex');
    expect(rows).toMatchObject([
      {
        name: 'tested',
        kind: 'passed',
        fetched: [{ uri: `${plain}/one`, digest: `sha256:${digest}` }],
      },
    ]);
    expect(talk).toContain(`network | GET ${plain}/one: 200, 11 bytes, sha256:${digest}`);
    const far = recipe('far', 'true', tested.replace('URL', 'http://example.org/one'));
    await builds.build(far);
    expect(await failureOf(testOf(far))).toMatch(
      /hint: tests have no network; kiln package test --network/,
    );
  });

  test('are held to a record', async () => {
    const file = recipe(
      'held',
      fetched(`${plain}/one`),
      needed + tested.replace('URL', `${plain}/one`),
    );
    const record = apkOf(await builds.build(file, allowed)).replace('.apk', '.network.json');
    const words = [...allowed, '--network', '--network-record', record];
    expect((await testOf(file, words)).talk).toContain('/one: 200, 11 bytes, known');
    content = 'module two\n';
    const elsewhere = ['--cache-dir', path.join(builds.folder, 'test-elsewhere')];
    const said = await failureOf(testOf(file, [...words, ...elsewhere]));
    expect(said).toContain('error[BUILD_NETWORK_REFUSED]: test of held: ');
    expect(said).toMatch(/gave 200 sha256:[0-9a-f]{64} and now gives 200 sha256:[0-9a-f]{64}/);
  });
});

test('HTTPS is opened for the step and checked at the server', async () => {
  const file = recipe('secure', fetched(`${secure}/one`));
  const trusted = builds.put('upstream.pem', authority.certificate);
  const main = path.join(import.meta.dirname, '../main.ts');
  const words = ['package', 'build', file, ...builds.words, ...allowed];
  const build = (environment: NodeJS.ProcessEnv): Promise<{ stderr: string }> =>
    promisify(execFile)(process.execPath, [main, ...words], {
      env: { ...process.env, ...environment },
    });
  await expect(build({})).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot be reached: ') as string,
  });
  const { stderr } = await build({ NODE_EXTRA_CA_CERTS: trusted });
  expect(stderr).toContain(`network | GET ${secure}/one: 200, 11 bytes`);
});
