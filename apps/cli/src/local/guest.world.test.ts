import { createPublicKey } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { testKey, testPackage, testRepository, testServer } from '@kiln/apk-client/testing';
import type { TestPackage, TestServer } from '@kiln/apk-client/testing';
import { emptyImageConfig } from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import { BwrapSandbox } from '@kiln/sandbox-bwrap';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalGuests } from './guest.ts';
import type { LocalGuestsOptions } from './guest.ts';

const serverKey = testKey('server.rsa.pub');
const localKey = testKey('local.rsa.pub');

/** A guest whose programs are the host's, mounted at /usr. */
const layout = testPackage('layout=1-r0', {
  usr: null,
  'usr/bin': null,
  'usr/lib': null,
  bin: '-> usr/bin',
  lib: '-> usr/lib',
  lib64: '-> usr/lib64',
  etc: null,
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/dev/null:/bin/false\n',
  'etc/group': 'root:x:0:\nnobody:x:65534:\n',
});
const helper = testPackage('helper=2-r0', { srv: null, 'srv/helper': 'from the directory\n' });
const tool = testPackage(
  'tool=1.5-r2',
  { opt: null, 'opt/tool': '#!/bin/sh\necho a tool\n' },
  { depends: ['helper'] },
);

let directory = '';
let server: TestServer;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-guest-'));
  server = await testServer(testRepository([layout, tool], serverKey));
  server.files.set('server.rsa.pub', Buffer.from(serverKey.publicPem));
  await publish('packages', [helper]);
  await put('local.rsa.pub', localKey.publicPem);
});

afterEach(async () => {
  server.close();
  await rm(directory, { recursive: true, force: true });
});

async function put(path: string, bytes: Uint8Array | string): Promise<void> {
  const full = join(directory, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, bytes);
}

async function publish(folder: string, packages: readonly TestPackage[]): Promise<void> {
  for (const [path, bytes] of testRepository(packages, localKey))
    await put(join(folder, path), bytes);
}

function guests(more: Partial<LocalGuestsOptions> = {}): LocalGuests {
  return new LocalGuests({
    cacheDirectory: join(directory, 'cache'),
    environmentsDirectory: join(directory, 'environments'),
    workingDirectory: directory,
    wait: () => Promise.resolve(),
    ...more,
  });
}

/** The environment of the recorded case `environment-lock`, with packages of our own. */
const environment: ImageConfig = {
  ...emptyImageConfig,
  contents: {
    ...emptyImageConfig.contents,
    packages: ['layout', 'tool'],
  },
  accounts: {
    runAs: '',
    users: [
      { userName: 'extra', uid: 3000, gid: undefined, shell: '/bin/false', homeDir: '/srv/extra' },
      { userName: 'build', uid: 1000, gid: 1000, shell: '', homeDir: '/home/build' },
    ],
    groups: [{ groupName: 'build', gid: 1000, members: ['build'] }],
  },
  paths: [
    {
      path: '/opt/marker',
      type: 'directory',
      uid: 3000,
      gid: 3000,
      permissions: 0o750,
      source: '',
      recursive: false,
    },
  ],
  environment: { GREETING: 'hello' },
};

const request = (more: Partial<ImageConfig> = {}): Parameters<LocalGuests['resolve']>[0] => ({
  environment: { ...environment, ...more },
  arch: 'x86_64',
  appended: {
    repositories: ['./packages', server.url],
    keys: ['./local.rsa.pub', `${server.url}/server.rsa.pub`],
  },
});

async function run(root: string, script: string): Promise<string> {
  const sandbox = await BwrapSandbox.open({ scratchDirectory: join(directory, 'scratch') });
  let output = '';
  await sandbox.run({
    roots: [root],
    mounts: [{ source: '/usr', target: '/usr', readOnly: true }],
    argv: ['/bin/sh', '-c', script],
    environment: { PATH: '/usr/bin:/bin' },
    workingDirectory: '/home/build',
    uid: 1000,
    gid: 1000,
    network: 'none',
    timeoutMs: 60_000,
    onOutput: (chunk) => {
      output += Buffer.from(chunk).toString('utf8');
    },
  });
  return output;
}

test('a guest from a server and a directory, with a key of each, runs a shell', async () => {
  const own = guests();
  const { lock, indexes, missing } = await own.resolve(request());
  expect(missing).toEqual([]);
  expect(indexes).toHaveLength(2);
  expect(lock.config.contents).toMatchObject({
    buildRepositories: ['./packages', server.url],
    keyring: ['./local.rsa.pub', `${server.url}/server.rsa.pub`],
    packages: ['helper=2-r0', 'layout=1-r0', 'tool=1.5-r2'],
  });
  const guest = await own.make(lock);
  const output = await run(
    guest.root,
    `cat /etc/apk/world /etc/apk/repositories /etc/passwd /etc/group /etc/apk/arch
ls /etc/apk/keys; ls -ld /opt/marker | cut -c1-10
cat /srv/helper; /opt/tool; test ! -e /etc/apko.json && id -un`,
  );
  expect(output).toBe(`helper=2-r0
layout=1-r0
tool=1.5-r2
./packages
${server.url}
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/dev/null:/bin/false
extra:x:3000:3000:Account created by apko:/srv/extra:/bin/false
build:x:1000:1000:Account created by apko:/home/build:/bin/sh
root:x:0:
nobody:x:65534:
build:x:1000:build
x86_64
local.rsa.pub
server.rsa.pub
drwxr-x---
from the directory
a tool
build
`);
  // Below the mount.
  const database = await readFile(join(guest.root, 'usr/lib/apk/db/installed'), 'utf8');
  expect(database.match(/^P:.*/gm)).toEqual(['P:helper', 'P:layout', 'P:tool']);
  expect(guest.users.map(({ name, uid }) => `${name}=${uid}`)).toEqual([
    'root=0',
    'nobody=65534',
    'extra=3000',
    'build=1000',
  ]);
  expect(guest.groups.map(({ name }) => name)).toEqual(['root', 'nobody', 'build']);
});

test('a known lock costs nothing but the look for its guest', async () => {
  const { lock } = await guests().resolve(request());
  const first = await guests().make(lock);
  const asked = server.log.length;
  server.close();
  await rm(join(directory, 'packages'), { recursive: true });
  await rm(join(directory, 'cache'), { recursive: true });
  const again = await guests().make(JSON.parse(JSON.stringify(lock)) as typeof lock);
  expect(again).toEqual(first);
  expect(server.log).toHaveLength(asked);
});

test('recipes that differ in their variables share a guest, others do not', async () => {
  const own = guests();
  const idOf = async (more: Partial<ImageConfig>): Promise<string> =>
    (await own.make((await own.resolve(request(more))).lock)).id;
  const id = await idOf({});
  expect(await idOf({ environment: { GREETING: 'bye' } })).toBe(id);
  expect(await idOf({ paths: [] })).not.toBe(id);
});

test('keys that a server says it has count where they are asked for', async () => {
  const jwk = createPublicKey(serverKey.publicPem).export({ format: 'jwk' });
  const list = { keys: [{ ...jwk, kid: 'server' }] };
  const documents = { 'apk-configuration': { jwks_uri: `${server.url}/keys` }, keys: list };
  for (const [name, document] of Object.entries(documents))
    server.files.set(name, Buffer.from(JSON.stringify(document)));
  const appended = { repositories: ['./packages', server.url], keys: ['./local.rsa.pub'] };
  const wanted = { ...request(), appended };
  await expect(guests().resolve(wanted)).rejects.toMatchObject({
    code: 'APK_INDEX_SIGNATURE_INVALID',
  });
  const { lock } = await guests({ discoversKeys: true }).resolve(wanted);
  expect(lock.keys.map(({ name }) => name)).toEqual(['local.rsa.pub', 'server.rsa.pub']);
});

test('with the cache at hand a guest is made offline', async () => {
  const first = await guests().resolve(request());
  await guests().make(first.lock);
  await rm(join(directory, 'environments'), { recursive: true });
  server.close();
  const offline = guests({ offline: true });
  const { lock } = await offline.resolve(request());
  expect(lock).toEqual(first.lock);
  expect((await offline.make(lock)).users).toHaveLength(4);
});

test('a package that is not what the lock says leaves no guest behind', async () => {
  const own = guests();
  const { lock } = await own.resolve(request());
  server.files.set('x86_64/tool-1.5-r2.apk', layout.bytes);
  await expect(own.make(lock)).rejects.toMatchObject({ code: 'APK_CLIENT_CHECKSUM_MISMATCH' });
  server.files.set('x86_64/tool-1.5-r2.apk', tool.bytes);
  expect((await own.make(lock)).users).toHaveLength(4);
});

test('what nothing gives is named, with the directories that are empty yet', async () => {
  await rm(join(directory, 'packages'), { recursive: true });
  await expect(guests().resolve(request())).rejects.toMatchObject({
    code: 'GUEST_UNSOLVED',
    message: expect.stringContaining('nothing provides "helper"') as string,
    hint: expect.stringContaining('no index in ./packages yet') as string,
  });
});

test('guests that nobody uses are forgotten', async () => {
  const own = guests();
  const { lock } = await own.resolve(request());
  const guest = await own.make(lock);
  await own.forgetUnused();
  expect((await own.make(lock)).id).toBe(guest.id);
  await own.forgetUnused(Date.now() + 31 * 24 * 60 * 60 * 1000);
  const asked = server.log.length;
  await rm(join(directory, 'cache/packages'), { recursive: true });
  await own.make(lock);
  expect(server.log.slice(asked).toSorted()).toEqual([
    'GET /x86_64/layout-1-r0.apk 200',
    'GET /x86_64/tool-1.5-r2.apk 200',
  ]);
});

test('a caller who stops gets no guest', async () => {
  const own = guests();
  const { lock } = await own.resolve(request());
  const stop = AbortSignal.abort(new Error('stopped'));
  await expect(own.make(lock, { signal: stop })).rejects.toThrow('stopped');
});
