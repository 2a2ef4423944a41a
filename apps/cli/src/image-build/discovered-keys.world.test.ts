import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@kiln/base';
import { readTar } from '@kiln/tar';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runApko } from '../apko/dispatch.ts';
import { parseInvocation } from '../command.ts';
import { imageShowPackages } from '../commands/image-show-packages.ts';
import { readConfig } from '../config.ts';

const repositories = fileURLToPath(new URL('../../testdata/apko/repos', import.meta.url));
const key = fs.readFileSync(path.join(repositories, 'parity.rsa.pub'), 'utf8');
const start = process.cwd();

let root: string;
let server: Server;
let url: string;
let asked: string[];

/** A repository that says which keys it has. */
beforeAll(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-discovered-keys-'));
  process.chdir(root);
  server = createServer((request, response) => {
    const name = request.url ?? '';
    asked.push(name);
    const jwk = { ...createPublicKey(key).export({ format: 'jwk' }), kid: 'parity' };
    const documents: Record<string, unknown> = {
      '/apk-configuration': { jwks_uri: `${url}/keys` },
      '/keys': { keys: [jwk, { ...jwk, kid: 'next' }] },
    };
    const file = path.join(repositories, 'main', name);
    if (documents[name] !== undefined) response.end(JSON.stringify(documents[name]));
    else if (fs.existsSync(file)) response.end(fs.readFileSync(file));
    else response.writeHead(404).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const contents = `{ repositories: ['${url}'], packages: [merged-layout, hello] }`;
  fs.writeFileSync('image.yaml', `contents: ${contents}\narchs: [x86_64, aarch64]\n`);
});
beforeEach(() => {
  asked = [];
});
afterAll(() => {
  server.close();
  process.chdir(start);
  fs.rmSync(root, { recursive: true, force: true });
});

async function apko(...words: readonly string[]): Promise<string> {
  let out = '';
  const code = await runApko(words, {
    print: { data: (text) => void (out += text), talk: (text) => void (out += text) },
    environment: { ...process.env, XDG_CACHE_HOME: path.join(root, 'cache') },
    clock: systemClock,
    signal: new AbortController().signal,
  });
  expect(code, out).toBe(0);
  return out;
}

test('with apko’s rules keys that a repository says it has are trusted, locked, and in the image', async () => {
  await apko('lock', 'image.yaml', '--output', 'lock.json');
  const { contents } = JSON.parse(fs.readFileSync('lock.json', 'utf8')) as {
    contents: { keyring: { name: string; url: string; content: string }[] };
  };
  expect(contents.keyring).toEqual(
    ['next', 'parity'].map((name) => ({
      name: `${url.slice(7)}/${name}.rsa.pub`,
      url: `${url}/${name}.rsa.pub`,
      content: createPublicKey(key).export({ type: 'spki', format: 'pem' }),
    })),
  );
  expect(asked.filter((one) => one === '/apk-configuration')).toHaveLength(1);
  expect(await apko('show-packages', 'image.yaml')).toContain('hello');
  await apko('build-minirootfs', 'image.yaml', 'root.tar', '--build-arch', 'x86_64');
  const names: string[] = [];
  for await (const { entry } of readTar(fs.createReadStream('root.tar'))) names.push(entry.path);
  expect(names.filter((name) => name.startsWith('etc/apk/keys/'))).toEqual([
    'etc/apk/keys/next.rsa.pub',
    'etc/apk/keys/parity.rsa.pub',
  ]);
});

test('a key of the configuration counts before one of its name', async () => {
  fs.writeFileSync('next.rsa.pub', '');
  await apko('build-minirootfs', 'image.yaml', 'root.tar', '-k', './next.rsa.pub');
  const sizes = new Map<string, number>();
  for await (const { entry } of readTar(fs.createReadStream('root.tar')))
    sizes.set(entry.path, entry.sizeBytes);
  expect(sizes.get('etc/apk/keys/next.rsa.pub')).toBe(0);
  expect(sizes.get('etc/apk/keys/parity.rsa.pub')).toBeGreaterThan(0);
});

test('with Kiln’s rules nobody is asked for keys', async () => {
  const config = readConfig({ KILN_HOME: path.join(root, 'home') });
  const print = { data: () => undefined, talk: () => undefined };
  const words = ['image.yaml', '--cache-dir', 'own'];
  await expect(
    imageShowPackages.run(parseInvocation(imageShowPackages, words, config, print)),
  ).rejects.toMatchObject({ code: 'APK_INDEX_SIGNATURE_INVALID' });
  expect(asked.filter((one) => !one.endsWith('/APKINDEX.tar.gz'))).toEqual([]);
});
