import { once } from 'node:events';
import fs from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { generateKeyFiles } from '@kiln/apk-files';
import { collect, systemRandom } from '@kiln/base';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PackageBuilds, type TestRun } from './testing.ts';

let builds: PackageBuilds;
let server: Server;
let address = '';
/** What the server has, by path. */
const stored = new Map<string, Buffer>();
let recipe = '';

beforeAll(async () => {
  builds = await PackageBuilds.open(['bash', 'mkdir']);
  server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await generateKeyFiles({
    path: path.join(builds.folder, 'other.rsa'),
    bits: 2048,
    present: 'refuse',
    random: systemRandom,
  });
});

afterAll(() => {
  server.close();
  builds[Symbol.dispose]();
});

let count = 0;

beforeEach(() => {
  stored.clear();
  count += 1;
  recipe = builds.put(
    `shared${count}.yaml`,
    `package: {name: shared${count}, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [tools]}}
pipeline:
  - runs: |
      mkdir -p "\${{targets.destdir}}/usr/share"
      echo ${count} > "\${{targets.destdir}}/usr/share/shared"
subpackages:
  - name: shared${count}-doc
    pipeline:
      - runs: mkdir -p "\${{targets.contextdir}}/usr/share/doc"
`,
  );
});

/** A bucket: PUT with a length, GET, HEAD, for whoever knows the password. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url = '', headers } = request;
  const expected = `Basic ${Buffer.from('ci:se/cret').toString('base64')}`;
  const found = stored.get(url);
  if (headers.authorization !== expected) response.writeHead(401).end();
  else if (method === 'PUT') {
    const body = await collect(request, 1e8, () => new Error('too much'));
    const whole = Number(headers['content-length']) === body.length;
    if (whole) stored.set(url, Buffer.from(body));
    response.writeHead(whole ? 201 : 411).end();
  } else if (found === undefined) response.writeHead(404).end();
  else
    response.writeHead(200, { 'content-length': found.length }).end(method === 'HEAD' ? '' : found);
}

/** Builds as a machine of its own: with its own caches and packages. */
function buildOn(machine: string, ...words: readonly string[]): Promise<TestRun> {
  const own = (name: string): string => path.join(builds.folder, machine, name);
  return builds.build(recipe, ['--cache-dir', own('cache'), '--out-dir', own('out'), ...words]);
}

const place = (): string => `http://ci:se%2Fcret@${address}/kiln`;
const packagesOf = (run: TestRun): readonly (readonly [string, Buffer])[] =>
  (run.rows[0]?.packages ?? []).map(({ file }) => [path.basename(file), fs.readFileSync(file)]);
const keysOf = (prefix: string): string[] =>
  [...stored.keys()].filter((key) => key.startsWith(`/kiln/${prefix}/`));

test('what one machine built another takes from a server, the same bytes, and builds nothing', async () => {
  const first = await buildOn('one', '--cache-to', place());
  expect(first.rows).toMatchObject([{ result: 'built' }]);
  expect(keysOf('actions')).toHaveLength(1);
  expect(keysOf('blobs')).toHaveLength(4);
  const second = await buildOn('two', '--cache-from', place());
  expect(second.rows).toMatchObject([{ result: 'known' }]);
  expect(packagesOf(second)).toEqual(packagesOf(first));
  expect(first.talk + second.talk).not.toContain('warning');
  const index = (machine: string): Buffer =>
    fs.readFileSync(path.join(builds.folder, machine, 'out/x86_64/APKINDEX.tar.gz'));
  expect(index('two').equals(index('one'))).toBe(true);
  // From now on it has the result itself.
  stored.clear();
  expect((await buildOn('two', '--cache-from', place())).rows).toMatchObject([{ result: 'known' }]);
});

test('a folder does as well, and a result that was known before is offered too', async () => {
  const folder = path.join(builds.folder, 'shared-folder');
  await buildOn('three');
  expect(fs.existsSync(folder)).toBe(false);
  expect((await buildOn('three', '--cache-to', folder)).rows).toMatchObject([{ result: 'known' }]);
  const other = await buildOn('four', '--cache-from', folder);
  expect(other.rows).toMatchObject([{ result: 'known' }]);
});

test('a blob with other bytes is not used: the build runs', async () => {
  const good = await buildOn('five', '--cache-to', place());
  for (const key of keysOf('blobs')) {
    const bytes = Buffer.from(stored.get(key) ?? []);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    stored.set(key, bytes);
  }
  const run = await buildOn('six', '--cache-from', place());
  expect(run.rows).toMatchObject([{ result: 'built' }]);
  expect(run.talk).toContain('warning: [CACHE_ENTRY_INVALID]');
  expect(packagesOf(run)).toEqual(packagesOf(good));
});

test('a record by a key that is not trusted, changed, or of another action is not used', async () => {
  const other = path.join(builds.folder, 'other.rsa');
  await buildOn('seven', '--cache-to', place(), '--signing-key', other);
  const untrusted = await buildOn('eight', '--cache-from', place());
  expect(untrusted.rows).toMatchObject([{ result: 'built' }]);
  expect(untrusted.talk).toMatch(/CACHE_ENTRY_INVALID.*no valid signature by a trusted key/);

  const [record = ''] = keysOf('actions');
  const trusted = await buildOn('nine', '--cache-from', place(), '--keyring', `${other}.pub`);
  expect(trusted.rows).toMatchObject([{ result: 'known' }]);

  const bytes = Buffer.from(stored.get(record) ?? []);
  bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
  stored.set(record, bytes);
  const changed = await buildOn('ten', '--cache-from', place(), '--keyring', `${other}.pub`);
  expect(changed.rows).toMatchObject([{ result: 'built' }]);
  expect(changed.talk).toContain('CACHE_ENTRY_INVALID');
});

test('a good record under the name of another action gives nobody another package', async () => {
  await buildOn('eleven', '--cache-to', place());
  const [record = ''] = keysOf('actions');
  const bytes = stored.get(record) ?? Buffer.alloc(0);
  fs.appendFileSync(recipe, '# The same recipe.\n');
  fs.writeFileSync(recipe, fs.readFileSync(recipe, 'utf8').replace('version: "1"', 'version: "2"'));
  stored.clear();
  await buildOn('twelve', '--cache-to', place());
  const [renamed = ''] = keysOf('actions');
  expect(renamed).not.toBe(record);
  stored.set(renamed, bytes);
  const run = await buildOn('thirteen', '--cache-from', place());
  expect(run.rows).toMatchObject([{ result: 'built' }]);
  expect(run.talk).toMatch(/CACHE_ENTRY_INVALID.*a record of the action sha256:/);
});

test('a cache that refuses or is away costs a warning without its password, and no build', async () => {
  const wrong = await buildOn('fourteen', '--cache-to', `http://ci:wrong-one@${address}/kiln`);
  expect(wrong.rows).toMatchObject([{ result: 'built' }]);
  expect(wrong.talk).toMatch(/CACHE_UNREACHABLE.*answered 401/);
  expect(wrong.talk).not.toContain('wrong-one');
  const away = await buildOn('fifteen', '--cache-from', 'http://127.0.0.1:9/kiln');
  expect(away.rows).toMatchObject([{ result: 'built' }]);
  expect(away.talk).toContain('CACHE_UNREACHABLE');
  expect(stored.size).toBe(0);
});
