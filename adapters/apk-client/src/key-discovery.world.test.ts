import { createPublicKey } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@kiln/base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApkClientOptions } from './client.ts';
import { ApkClient } from './client.ts';
import { testKey, testPackage, testRepository, testServer } from './testing.ts';
import type { TestServer } from './testing.ts';

const team = testKey('team.rsa.pub');
const other = testKey('other.rsa.pub');
const tool = testPackage('tool=1-r0', { usr: null, 'usr/tool': 'a tool\n' });

let directory = '';
let server: TestServer;
let warnings: string[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-key-discovery-'));
  server = await testServer(testRepository([tool], team));
  warnings = [];
});
afterEach(async () => {
  server.close();
  await rm(directory, { recursive: true, force: true });
});

function client(options: Partial<ApkClientOptions> = {}): ApkClient {
  return new ApkClient({
    cacheDirectory: join(directory, 'cache'),
    workingDirectory: directory,
    alpineReleases: `${server.url}/releases.json`,
    clock: { now: () => Date.parse('2026-06-01') },
    logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
    wait: () => Promise.resolve(),
    ...options,
  });
}

const serve = (path: string, value: unknown): unknown =>
  server.files.set(path, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

const found = (
  repository: string,
  arch = 'x86_64',
  by = client(),
): Promise<readonly { name: string; pem: string; url: string }[]> =>
  by.discoverKeys([repository], { arch });

describe('a list of a repository', () => {
  const jwk = (key = team): Record<string, unknown> => ({
    ...createPublicKey(key.publicPem).export({ format: 'jwk' }),
    kid: key.name.replace('.rsa.pub', ''),
  });

  beforeEach(() => {
    serve('apk-configuration', { jwks_uri: `${server.url}/keys` });
    serve('keys', { keys: [jwk(), jwk(other)] });
  });

  test('names its keys, which then verify its index', async () => {
    const by = client();
    const keys = await found(server.url, 'x86_64', by);
    expect(keys).toEqual([
      { name: team.name, pem: team.publicPem, url: `${server.url}/team.rsa.pub` },
      { name: other.name, pem: other.publicPem, url: `${server.url}/other.rsa.pub` },
    ]);
    const { indexes } = await by.indexes([server.url], { arch: 'x86_64', keys });
    expect(indexes).toHaveLength(1);
  });

  test('is asked for once, and only of what is on a server and has no tag', async () => {
    const by = client();
    for (const arch of ['x86_64', 'aarch64'])
      expect(await found(`${server.url}/`, arch, by)).toHaveLength(2);
    expect(await found(`@edge ${server.url}`, 'x86_64', by)).toEqual([]);
    expect(await found(directory, 'x86_64', by)).toEqual([]);
    expect(server.log).toEqual(['GET /apk-configuration 200', 'GET /keys 200']);
  });

  test('is not asked for where somebody else may answer, nor is what it names', async () => {
    expect(await found('http://packages.example.org/os')).toEqual([]);
    serve('apk-configuration', { jwks_uri: 'http://keys.example.org/keys' });
    expect(await found(server.url)).toEqual([]);
    expect(warnings).toEqual([]);
  });

  test('is not looked for where it leads over a network without encryption', async () => {
    server.hook = (request, response) => {
      const location = request.url === '/keys' ? 'http://keys.example.invalid/keys' : undefined;
      if (location !== undefined) response.writeHead(302, { location }).end();
      return location !== undefined;
    };
    expect(await found(server.url)).toEqual([]);
    // Who asks there is told that there is no such host, and asks again.
    expect(warnings).toEqual([]);
    server.hook = (request, response) => {
      if (request.url !== '/keys') return false;
      response.writeHead(302, { location: '/moved' }).end();
      return true;
    };
    serve('moved', { keys: [jwk()] });
    expect(await found(server.url)).toHaveLength(1);
  });

  test('is not asked for with a password that the repository gives', async () => {
    serve('apk-configuration', { jwks_uri: `http://user:secret@${server.host}/keys` });
    expect(await found(server.url)).toEqual([]);
    expect(server.log).toEqual(['GET /apk-configuration 200']);
    expect(warnings).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['nothing', ''],
    ['a page', '<html>'],
    ['another document', {}],
    ['a key without a name', { keys: [jwk(), { ...jwk(other), kid: '' }] }],
    ['a name that leads elsewhere', { keys: [jwk(), { ...jwk(other), kid: '../other' }] }],
    ['a key of another kind', { keys: [jwk(), { kty: 'EC', kid: 'k', crv: 'P-256' }] }],
    ['numbers that are none', { keys: [jwk(), { ...jwk(other), n: '***' }] }],
    ['a private key', { keys: [jwk(), { ...jwk(other), d: 'AQAB', p: 'AQAB', q: 'AQAB' }] }],
  ])('that is, or has, %s is no list', async (_, list) => {
    serve('keys', list);
    expect(await found(server.url)).toEqual([]);
    expect(warnings).toEqual([]);
  });

  test('is what was read before where nobody is asked', async () => {
    expect(await found(server.url, 'x86_64', client({ offline: true }))).toEqual([]);
    await found(server.url);
    expect(await found(server.url, 'x86_64', client({ offline: true }))).toHaveLength(2);
  });
});

describe('the list of Alpine', () => {
  const place = (name: string): string => `${server.url}/keys/${name}`;

  beforeEach(() => {
    serve('keys/a@alpine-1.rsa.pub', team.publicPem);
    serve('keys/b.rsa.pub', other.publicPem);
    serve('releases.json', {
      release_branches: [
        { rel_branch: 'edge', keys: { x86_64: [{ url: place('b.rsa.pub') }] } },
        {
          rel_branch: 'v3.22',
          keys: {
            x86_64: [
              { url: place('a%20alpine-1.rsa.pub'), deprecated_since: '2026-06-02' },
              { url: place('b.rsa.pub'), deprecated_since: '2026-06-01' },
            ],
            aarch64: [{ url: place('b.rsa.pub'), deprecated_since: null }],
          },
        },
        { rel_branch: 'v3.0' },
      ],
    });
  });

  test('has those of a release and an architecture that are in use', async () => {
    const repository = `${server.url}/alpine/v3.22/main`;
    expect(await found(repository)).toEqual([
      { name: 'a@alpine-1.rsa.pub', pem: team.publicPem, url: place('a@alpine-1.rsa.pub') },
    ]);
    const [key] = await found(repository, 'aarch64');
    expect(key).toEqual({ name: 'b.rsa.pub', pem: other.publicPem, url: place('b.rsa.pub') });
    expect(await found(repository, 'riscv64')).toEqual([]);
    expect(await found(repository, 'constructor')).toEqual([]);
    expect(await found(`${server.url}/alpine/v3.0/main`)).toEqual([]);
    expect(await found(`${server.url}/alpine/v1.0/main`)).toEqual([]);
    expect(warnings).toEqual([]);
  });

  test('is not asked for other repositories', async () => {
    for (const part of ['alpine/v3.22', 'alpine/v3.22/main/', 'wolfi/v3.22/main'])
      expect(await found(`${server.url}/${part}`)).toEqual([]);
    expect(server.log.filter((line) => line.includes('releases'))).toEqual([]);
  });

  test.each(['<html>', '{"release_branches":[{"rel_branch":"v3.22","keys":{"x86_64":[{}]}}]}'])(
    'that is none is warned of once: %s',
    async (list) => {
      serve('releases.json', list);
      const by = client();
      for (const arch of ['x86_64', 'aarch64'])
        expect(await found(`${server.url}/alpine/v3.22/main`, arch, by)).toEqual([]);
      expect(warnings).toEqual([expect.stringContaining('/alpine/v3.22/main')]);
    },
  );

  test('whose key is not there, or is none, gives none', async () => {
    serve('keys/a@alpine-1.rsa.pub', 'no key');
    expect(await found(`${server.url}/alpine/v3.22/main`)).toEqual([]);
    server.files.delete('keys/b.rsa.pub');
    expect(await found(`${server.url}/alpine/edge/main`)).toEqual([]);
    expect(warnings).toHaveLength(2);
  });
});
