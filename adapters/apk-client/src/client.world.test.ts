import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import {
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GuestPackage } from '@kiln/solve';
import { collect, digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { ApkClientOptions } from './client.ts';
import { ApkClient } from './client.ts';
import { testIndex, testKey, testPackage, testRepository, testServer } from './testing.ts';
import type { TestPackage, TestServer } from './testing.ts';

const key = testKey('team.rsa.pub');
const other = testKey('other.rsa.pub');
const tool = testPackage('tool=1-r0', { usr: null, 'usr/tool': 'a tool\n' });
const library = testPackage('lib=2-r1', { usr: null, 'usr/lib': 'a library\n' });
const keys = [{ name: key.name, pem: key.publicPem }];

let directory = '';
let server: TestServer;
let further: TestServer[] = [];
let waits: number[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-apk-client-'));
  server = await testServer(testRepository([tool, library], key));
  further = [];
  waits = [];
});

afterEach(async () => {
  for (const one of [server, ...further]) one.close();
  await rm(directory, { recursive: true, force: true });
});

function client(options: Partial<ApkClientOptions> = {}): ApkClient {
  return new ApkClient({
    cacheDirectory: join(directory, 'cache'),
    workingDirectory: directory,
    wait: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
    ...options,
  });
}

async function namesAt(
  repositories: readonly string[],
  options: Partial<ApkClientOptions> = {},
): Promise<string[]> {
  const { indexes } = await client(options).indexes(repositories, { arch: 'x86_64', keys });
  return indexes.flatMap(({ records, tag }) => [...records].map(({ name }) => `${name}@${tag}`));
}

function wanted({ record }: TestPackage, repository: string): GuestPackage {
  const { name, version, checksum, sizeBytes } = record;
  const url = `${repository}/x86_64/${name}-${version}.apk`;
  return { name, version, checksum, sizeBytes, url, repository, tag: '' };
}

async function put(path: string, bytes: Uint8Array | string): Promise<string> {
  const full = join(directory, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, bytes);
  return full;
}

const bytesOf = (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> =>
  collect(source, 2 ** 20, () => new Error('long'));

/** Everything an error says, its causes included. */
async function failureOf(work: Promise<unknown>): Promise<Error & { said: string }> {
  const error = await work.then(
    () => new Error('nothing failed'),
    (thrown: unknown) => thrown as Error,
  );
  const said: string[] = [];
  for (let one: unknown = error; one instanceof Error; one = one.cause)
    said.push(one.message, one.stack ?? '', JSON.stringify(one));
  return Object.assign(error, { said: said.join('\n') });
}

describe('an index', () => {
  test('of a server is verified, kept, and asked for again with its validator', async () => {
    expect(await namesAt([server.url])).toEqual(['tool@', 'lib@']);
    expect(await namesAt([`${server.url}/`])).toEqual(['tool@', 'lib@']);
    expect(server.log).toEqual([
      'GET /x86_64/APKINDEX.tar.gz 200',
      'GET /x86_64/APKINDEX.tar.gz 304',
    ]);
    server.files.set('x86_64/APKINDEX.tar.gz', testIndex([tool], key));
    expect(await namesAt([server.url])).toEqual(['tool@']);
  });

  test('that was kept and damaged is fetched again', async () => {
    await namesAt([server.url]);
    const answers = join(directory, 'cache/answers');
    const [name = ''] = await readdir(answers);
    const bytes = await readFile(join(answers, name));
    bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
    await writeFile(join(answers, name), bytes);
    expect(await namesAt([server.url])).toEqual(['tool@', 'lib@']);
    expect(server.log.at(-1)).toBe('GET /x86_64/APKINDEX.tar.gz 200');
  });

  test('of several repositories, with a tag and in directories, come in order', async () => {
    await put('packages/x86_64/APKINDEX.tar.gz', testIndex([library], key));
    expect(await namesAt(['./packages', `@edge ${server.url}`])).toEqual([
      'lib@',
      'tool@edge',
      'lib@edge',
    ]);
  });

  test('that a directory does not have yet is named and passed over, of a server it is an error', async () => {
    const read = await client().indexes(['./packages', server.url], { arch: 'x86_64', keys });
    expect(read.missing).toEqual(['./packages']);
    expect(read.indexes).toHaveLength(1);
    server.files.clear();
    await expect(namesAt([server.url])).rejects.toMatchObject({
      code: 'APK_CLIENT_NOT_FOUND',
      message: `${server.url}/x86_64/APKINDEX.tar.gz answered 404`,
    });
    expect(waits).toEqual([]);
  });

  test('whose path runs through a file cannot be read', async () => {
    await put('packages', 'a file');
    await expect(namesAt(['./packages'])).rejects.toMatchObject({ code: 'APK_CLIENT_UNREADABLE' });
  });

  test('that is a pipe, or a device, is not waited for', async () => {
    const path = await put('packages/x86_64/APKINDEX.tar.gz', 'a file');
    for (const make of [() => execFileSync('mkfifo', [path]), () => symlink('/dev/zero', path)]) {
      await rm(path);
      await make();
      await expect(namesAt(['./packages'])).rejects.toMatchObject({
        code: 'APK_CLIENT_UNREADABLE',
        message: expect.stringContaining('it is no file'),
      });
    }
  });

  test.for([
    ['nobody', () => testIndex([tool], undefined), 'APK_INDEX_UNSIGNED', /not signed/],
    [
      'a key that is not trusted',
      () => testIndex([tool], other),
      'APK_INDEX_SIGNATURE_INVALID',
      /signed by other.rsa.pub, trusted are team.rsa.pub/,
    ],
    [
      'another key under a trusted name',
      () => testIndex([tool], { ...other, name: key.name }),
      'APK_INDEX_SIGNATURE_INVALID',
      /no valid signature/,
    ],
    [
      'the key, but changed since',
      () => {
        // The system in the header of the second member: no decoder minds it.
        const bytes = Buffer.from(testIndex([tool], key));
        const at = bytes.length - testIndex([tool], undefined).length + 9;
        bytes.writeUInt8((bytes.at(at) ?? 0) ^ 1, at);
        return bytes;
      },
      'APK_INDEX_SIGNATURE_INVALID',
      /no valid signature/,
    ],
    [
      'the key, but damaged',
      () => {
        const bytes = Buffer.from(testIndex([tool], key));
        bytes.writeUInt8((bytes.at(-40) ?? 0) ^ 1, bytes.length - 40);
        return bytes;
      },
      'GZIP_CORRUPT',
      /gzip/,
    ],
  ] as const)(
    'signed by %s is refused, with the repository named',
    async ([, make, code, message]) => {
      server.files.set('x86_64/APKINDEX.tar.gz', make());
      const error = await failureOf(namesAt([server.url]));
      expect(error).toMatchObject({ code, details: { repository: server.url } });
      expect(error.message).toMatch(message);
      expect(error.message).toContain(server.host);
    },
  );

  test('without a key names the flag; without signatures wanted it is believed', async () => {
    server.files.set('x86_64/APKINDEX.tar.gz', testIndex([tool], undefined));
    await expect(
      client().indexes([server.url], { arch: 'x86_64', keys: [] }),
    ).rejects.toMatchObject({ hint: expect.stringContaining('--keyring-append') as string });
    expect(await namesAt([server.url], { ignoreSignatures: true })).toEqual(['tool@']);
  });

  test('of a repository that may be unsigned is believed, and of no other one', async () => {
    await put('packages/x86_64/APKINDEX.tar.gz', testIndex([library], undefined));
    const unsigned = ['./packages'];
    expect(await namesAt(['./packages'], { unsigned })).toEqual(['lib@']);
    server.files.set('x86_64/APKINDEX.tar.gz', testIndex([tool], undefined));
    await expect(namesAt(['./packages', server.url], { unsigned })).rejects.toMatchObject({
      code: 'APK_INDEX_UNSIGNED',
    });
  });

  test('by either of two keys is believed', async () => {
    const second = await testServer(testRepository([library], other));
    further.push(second);
    const both = [...keys, { name: other.name, pem: other.publicPem }];
    const { indexes } = await client().indexes([server.url, second.url], {
      arch: 'x86_64',
      keys: both,
    });
    expect(indexes.map(({ repository, records }) => [repository, records.length])).toEqual([
      [server.url, 2],
      [second.url, 1],
    ]);
  });

  test('offline is what was kept, and nobody is asked', async () => {
    await expect(namesAt([server.url], { offline: true })).rejects.toMatchObject({
      code: 'APK_CLIENT_OFFLINE',
    });
    await namesAt([server.url]);
    const asked = server.log.length;
    expect(await namesAt([server.url], { offline: true })).toEqual(['tool@', 'lib@']);
    expect(server.log).toHaveLength(asked);
  });

  test('larger than the limit is not read', async () => {
    const limits = { indexBytesMax: 100 };
    await expect(namesAt([server.url], { limits })).rejects.toMatchObject({
      code: 'APK_CLIENT_TOO_LARGE',
    });
    await put('packages/x86_64/APKINDEX.tar.gz', testIndex([library], key));
    await expect(namesAt(['./packages'], { limits })).rejects.toMatchObject({
      code: 'APK_CLIENT_TOO_LARGE',
    });
  });

  test('a limit of what servers send is none of files, one of what is unpacked is of both', async () => {
    await put('packages/x86_64/APKINDEX.tar.gz', testIndex([library], key));
    const sent = { sentIndexBytesMax: 100 };
    await expect(namesAt([server.url], { limits: sent })).rejects.toMatchObject({
      code: 'APK_CLIENT_TOO_LARGE',
    });
    expect(await namesAt(['./packages'], { limits: sent })).toEqual(['lib@']);
    const limits = { indexContentBytesMax: 100 };
    await expect(namesAt(['./packages'], { limits })).rejects.toThrow('larger than allowed');
  });
});

describe('keys', () => {
  test('come from files, addresses and directories, sorted by their file names', async () => {
    server.files.set('keys/alpine@example-1.rsa.pub', Buffer.from(other.publicPem));
    await put('ring/b.rsa.pub', key.publicPem);
    await put('ring/notes.txt', 'no key');
    const path = await put('z.rsa.pub', key.publicPem);
    const found = await client().keys([
      path,
      './ring',
      `${server.url}/keys/alpine%40example-1.rsa.pub`,
    ]);
    expect(found).toEqual([
      { name: 'alpine@example-1.rsa.pub', pem: other.publicPem },
      { name: 'b.rsa.pub', pem: key.publicPem },
      { name: 'z.rsa.pub', pem: key.publicPem },
    ]);
  });

  test('of one name must be the same', async () => {
    await put('a/k.rsa.pub', key.publicPem);
    await put('b/k.rsa.pub', other.publicPem);
    await put('c/k.rsa.pub', key.publicPem);
    expect(await client().keys(['a/k.rsa.pub', 'c/k.rsa.pub'])).toHaveLength(1);
    await expect(client().keys(['a/k.rsa.pub', 'b/k.rsa.pub'])).rejects.toMatchObject({
      code: 'APK_CLIENT_KEY_INVALID',
      message: 'two different keys are called k.rsa.pub',
    });
  });

  test.for([
    ['k.rsa', key.privatePem, 'APK_CLIENT_KEY_INVALID', /is a private key/],
    ['k.rsa.pub', '<html>', 'APK_CLIENT_KEY_INVALID', /is no public key/],
    ['k k.pub', key.publicPem, 'APK_CLIENT_KEY_INVALID', /no file name for a key/],
    ['k.rsa.pub', 'x'.repeat(70_000), 'APK_CLIENT_TOO_LARGE', /larger than 65536/],
  ] as const)('%s is refused', async ([name, text, code, message]) => {
    await put(`ring/${name}`, text);
    const error = await failureOf(client().keys([`ring/${name}`]));
    expect(error).toMatchObject({ code });
    expect(error.message).toMatch(message);
    expect(error.said).not.toContain(key.privatePem.slice(100, 140));
  });

  test.for([
    ['k k.pub', '<html>'],
    ['.é.pub', ''],
  ] as const)('of any content and name are taken as they are: %s', async ([name, text]) => {
    await put(`ring/${name}`, text);
    expect(await client({ keys: 'any' }).keys([`ring/${name}`])).toEqual([{ name, pem: text }]);
  });

  test('of any content have the name at the end of their addresses, and are not private', async () => {
    server.files.set('keys/a b', Buffer.from(other.publicPem));
    const reader = client({ keys: 'any' });
    expect(await reader.keys([`${server.url}/keys/a%20b`])).toMatchObject([{ name: 'a%20b' }]);
    await put('k.rsa', key.privatePem);
    await expect(reader.keys(['k.rsa'])).rejects.toThrow('is a private key');
  });

  test('of any content verify with what Go finds in them', async () => {
    const read = (pem: string): Promise<unknown> =>
      client({ keys: 'any' }).indexes([server.url], {
        arch: 'x86_64',
        keys: [
          { name: 'notes', pem: 'no key' },
          { name: key.name, pem },
        ],
      });
    await read(`A team's key:\n${key.publicPem.replace('KEY-----\n', '$&Owner: team\n\n')}`);
    const pkcs1 = createPublicKey(key.publicPem).export({ type: 'pkcs1', format: 'pem' });
    await expect(read(pkcs1.toString())).rejects.toThrow('no valid signature by a trusted key');
  });

  test('that are not there are named', async () => {
    await expect(client().keys(['./no.rsa.pub'])).rejects.toMatchObject({
      code: 'APK_CLIENT_UNREADABLE',
      message: expect.stringContaining('no.rsa.pub') as string,
    });
  });
});

describe('credentials', () => {
  const guarded = (request: IncomingMessage): boolean =>
    request.headers.authorization === `Basic ${Buffer.from('wilma:hush').toString('base64')}`;

  test('of an address open a repository, and no error says them', async () => {
    server.hook = (request, response) => {
      if (guarded(request)) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    const anonymous = await failureOf(namesAt([server.url]));
    expect(anonymous).toMatchObject({
      code: 'APK_CLIENT_REFUSED',
      message: `${server.url}/x86_64/APKINDEX.tar.gz answered 401`,
    });
    const withSecret = `http://wilma:hush@${server.host}`;
    expect(await namesAt([withSecret])).toEqual(['tool@', 'lib@']);
    const wrong = await failureOf(namesAt([`http://wilma:hush-hush@${server.host}`]));
    expect(wrong).toMatchObject({ code: 'APK_CLIENT_REFUSED' });
    expect(wrong.said).not.toMatch(/hush|wilma/);
    const kept = await readdir(join(directory, 'cache/answers'));
    for (const name of kept)
      expect(await readFile(join(directory, 'cache/answers', name), 'latin1')).not.toMatch(/hush/);
  });

  test('of an address open packages of a lock that has none', async () => {
    server.hook = (request, response) => {
      if (guarded(request)) return false;
      response.writeHead(403).end();
      return true;
    };
    const own = client();
    await expect(own.obtain(wanted(tool, server.url))).rejects.toMatchObject({
      code: 'APK_CLIENT_REFUSED',
    });
    own.useCredentialsOf([`@t http://wilma:hush@${server.host}`]);
    expect(await own.obtain(wanted(tool, server.url))).toBe(digestOf(tool.bytes));
  });

  test('stay with their origin when it redirects', async () => {
    const seen: (string | undefined)[] = [];
    const elsewhere = await testServer(server.files);
    further.push(elsewhere);
    elsewhere.hook = (request) => {
      seen.push(request.headers.authorization);
      return false;
    };
    server.hook = (request, response) => {
      if (!guarded(request)) return false;
      const location =
        request.url === '/os/x86_64/APKINDEX.tar.gz'
          ? '/moved'
          : `${elsewhere.url}/x86_64/APKINDEX.tar.gz`;
      response.writeHead(302, { location }).end();
      return true;
    };
    expect(await namesAt([`http://wilma:hush@${server.host}/os`])).toEqual(['tool@', 'lib@']);
    expect(server.log).toEqual(['GET /os/x86_64/APKINDEX.tar.gz 302', 'GET /moved 302']);
    expect(seen).toEqual([undefined]);
  });
});

describe('a server in trouble', () => {
  test('is asked again, after longer and longer waits', async () => {
    let failures = 2;
    server.hook = (_request, response) => {
      if (failures-- <= 0) return false;
      response.writeHead(503).end();
      return true;
    };
    expect(await namesAt([server.url])).toEqual(['tool@', 'lib@']);
    expect(waits).toEqual([1000, 2000]);
  });

  test.for([
    ['with 500', 'APK_CLIENT_UNAVAILABLE', /answered 500/],
    ['with 429', 'APK_CLIENT_UNAVAILABLE', /answered 429/],
    ['with 418', 'APK_CLIENT_ANSWER', /answered 418/],
    ['with 206', 'APK_CLIENT_ANSWER', /answered 206/],
    ['with 304 unasked', 'APK_CLIENT_ANSWER', /answered 304/],
    ['redirects in a circle', 'APK_CLIENT_ANSWER', /redirects without end/],
    ['redirects to a file', 'APK_CLIENT_ANSWER', /redirects to file:/],
    ['breaks off', 'APK_CLIENT_UNAVAILABLE', /cannot be read/],
    ['says nothing', 'APK_CLIENT_UNAVAILABLE', /does not answer in time/],
    ['stops in the middle', 'APK_CLIENT_UNAVAILABLE', /sends nothing more/],
  ] as const)('%s is reported as such', async ([what, code, message]) => {
    server.hook = (_request, response) => {
      const status = /^with (\d+)/.exec(what)?.[1];
      if (status !== undefined) response.writeHead(Number(status)).end();
      if (what === 'redirects in a circle') response.writeHead(302, { location: '/' }).end();
      if (what === 'redirects to a file')
        response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      if (what === 'breaks off') {
        response.writeHead(200, { 'content-length': '100' }).write('x');
        setTimeout(() => response.destroy(), 20);
      }
      if (what === 'stops in the middle') response.writeHead(200).write('x');
      return true;
    };
    const limits = { 'says nothing': { answerMs: 200 }, 'stops in the middle': { idleMs: 200 } };
    const error = await failureOf(
      namesAt([server.url], { limits: limits[what as keyof typeof limits] ?? {} }),
    );
    expect(error).toMatchObject({
      code,
      retry: code === 'APK_CLIENT_UNAVAILABLE' ? 'later' : 'never',
    });
    expect(error.message).toMatch(message);
    expect(waits).toHaveLength(code === 'APK_CLIENT_UNAVAILABLE' ? 2 : 0);
  });

  test('that is not there is unavailable', async () => {
    server.close();
    const error = await failureOf(namesAt([server.url]));
    expect(error).toMatchObject({ code: 'APK_CLIENT_UNAVAILABLE' });
    expect(error.message).toMatch(/ECONNREFUSED/);
  });

  test('is left alone by a caller who stops while waiting', async () => {
    const stop = new AbortController();
    server.hook = (_request, response) => {
      response.writeHead(503).end();
      return true;
    };
    const own = client({
      wait: (_ms, signal) => {
        stop.abort(new Error('stopped'));
        return signal?.aborted === true ? Promise.reject(new Error('waited')) : Promise.resolve();
      },
    });
    const read = own.indexes([server.url], { arch: 'x86_64', keys, signal: stop.signal });
    await expect(read).rejects.toThrow('stopped');
    expect(server.log).toHaveLength(1);
  });

  test('is left alone once the caller stops', async () => {
    const stop = new AbortController();
    server.hook = () => {
      stop.abort(new Error('stopped'));
      return true;
    };
    const own = client();
    const read = own.indexes([server.url], { arch: 'x86_64', keys, signal: stop.signal });
    await expect(read).rejects.toThrow('stopped');
    expect(waits).toEqual([]);
  });
});

describe('a package', () => {
  test('of a server is checked, kept and not asked for again', async () => {
    const digest = await client().obtain(wanted(tool, server.url));
    expect(digest).toBe(digestOf(tool.bytes));
    expect(await client().obtain(wanted(tool, server.url))).toBe(digest);
    expect(await client({ offline: true }).obtain(wanted(tool, server.url))).toBe(digest);
    expect(server.log).toEqual(['GET /x86_64/tool-1-r0.apk 200']);
    expect(Buffer.from(await bytesOf(client().read(digest)))).toEqual(Buffer.from(tool.bytes));
    expect(
      (await readdir(join(directory, 'cache/packages'))).filter((n) => n.endsWith('.tmp')),
    ).toEqual([]);
  });

  test('of a directory is read where it is', async () => {
    const path = await put('packages/x86_64/tool-1-r0.apk', tool.bytes);
    const own = client();
    const digest = await own.obtain(wanted(tool, join(directory, 'packages')));
    expect(Buffer.from(await bytesOf(own.read(digest)))).toEqual(await readFile(path));
    await rm(path);
    await expect(own.obtain(wanted(tool, join(directory, 'packages')))).rejects.toMatchObject({
      code: 'APK_CLIENT_UNREADABLE',
    });
    await expect(bytesOf(own.read(digest))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  test('that is another one, under its name, is refused and not kept', async () => {
    server.files.set('x86_64/tool-1-r0.apk', library.bytes);
    const error = await failureOf(client().obtain({ ...wanted(tool, server.url), sizeBytes: 0 }));
    expect(error).toMatchObject({ code: 'APK_CLIENT_CHECKSUM_MISMATCH' });
    expect(error.message).toContain(`has control checksum ${library.record.checksum}`);
    expect(await readdir(join(directory, 'cache/packages'))).toEqual([]);
  });

  test.for([
    ['in its data', (bytes: Buffer) => bytes.length - 40, /has data hash/],
    ['in its control segment', () => 40, /is no package|control checksum/],
  ] as const)('with a bit flipped %s is refused', async ([, at, message]) => {
    const bytes = Buffer.from(tool.bytes);
    bytes.writeUInt8((bytes.at(at(bytes)) ?? 0) ^ 1, at(bytes));
    server.files.set('x86_64/tool-1-r0.apk', bytes);
    const error = await failureOf(client().obtain(wanted(tool, server.url)));
    expect(error).toMatchObject({ code: 'APK_CLIENT_CHECKSUM_MISMATCH' });
    expect(error.message).toMatch(message);
    expect(server.log).toHaveLength(1);
  });

  test('that is a page of HTML is no package', async () => {
    server.files.set('x86_64/tool-1-r0.apk', Buffer.from('<html>'.repeat(1000)));
    await expect(
      client().obtain({ ...wanted(tool, server.url), sizeBytes: 0 }),
    ).rejects.toMatchObject({ code: 'APK_CLIENT_CHECKSUM_MISMATCH' });
  });

  test('that ends early, although the server does not know it, is asked for again', async () => {
    let cut = 1;
    server.hook = (_request, response) => {
      if (cut-- <= 0) return false;
      response.writeHead(200, { connection: 'close' });
      response.end(tool.bytes.subarray(0, tool.bytes.length - 20));
      return true;
    };
    expect(await client().obtain(wanted(tool, server.url))).toBe(digestOf(tool.bytes));
    expect(waits).toEqual([1000]);
    cut = 3;
    await rm(join(directory, 'cache'), { recursive: true });
    const error = await failureOf(client().obtain(wanted(tool, server.url)));
    expect(error).toMatchObject({ code: 'APK_CLIENT_UNAVAILABLE' });
    expect(error.message).toMatch(/ends after \d+ of \d+ bytes/);
  });

  test('that never ends is cut off where the index says it ends', async () => {
    server.hook = (_request, response) => {
      const more = (): void => void response.write(Buffer.alloc(64 * 1024));
      response.on('drain', more);
      more();
      return true;
    };
    await expect(client().obtain(wanted(tool, server.url))).rejects.toMatchObject({
      code: 'APK_CLIENT_TOO_LARGE',
    });
    expect(await readdir(join(directory, 'cache/packages'))).toEqual([]);
  });

  test('whose file in the cache is gone is fetched again', async () => {
    const digest = await client().obtain(wanted(tool, server.url));
    await rm(join(directory, 'cache/packages', `${digest.slice(7)}.apk`));
    expect(await client().obtain(wanted(tool, server.url))).toBe(digest);
    expect(server.log).toHaveLength(2);
  });

  test('whose file in the cache is damaged is fetched again by whoever finds out', async () => {
    const digest = await client().obtain(wanted(tool, server.url));
    const kept = join(directory, 'cache/packages', `${digest.slice(7)}.apk`);
    const content = async (own: ApkClient, apk: Digest): Promise<string> => {
      const bytes = await bytesOf(own.read(apk));
      if (digestOf(bytes) !== apk) throw new Error('damaged');
      return Buffer.from(bytes).toString('hex');
    };
    for (const damage of [() => truncate(kept, 100), () => writeFile(kept, 'else')]) {
      await damage();
      const own = client();
      const read = own.use(wanted(tool, server.url), (apk) => content(own, apk));
      expect(await read).toBe(Buffer.from(tool.bytes).toString('hex'));
      await damage();
      expect((await client().sections(wanted(tool, server.url))).digest).toBe(digest);
    }
    expect(server.log).toHaveLength(5);
    await truncate(kept, 100);
    const offline = client({ offline: true });
    const read = offline.use(wanted(tool, server.url), (apk) => content(offline, apk));
    await expect(read).rejects.toMatchObject({ code: 'APK_CLIENT_OFFLINE' });
  });

  test('whose name in the cache leads to another one is fetched again', async () => {
    await client().obtain(wanted(tool, server.url));
    await client().obtain(wanted(library, server.url));
    const packages = join(directory, 'cache/packages');
    const names = (await readdir(packages)).filter((name) => name.length === 40);
    const texts = await Promise.all(names.map((name) => readFile(join(packages, name))));
    for (const [i, name] of names.entries())
      await writeFile(join(packages, name), texts[1 - i] ?? '');
    const digest = await client().obtain(wanted(tool, server.url));
    expect(digest).toBe(digestOf(tool.bytes));
    expect(server.log).toHaveLength(3);
  });

  test('of a directory that is a pipe is not waited for', async () => {
    const path = await put('packages/x86_64/tool-1-r0.apk', tool.bytes);
    await rm(path);
    execFileSync('mkfifo', [path]);
    await expect(client().obtain(wanted(tool, join(directory, 'packages')))).rejects.toMatchObject({
      code: 'APK_CLIENT_CHECKSUM_MISMATCH',
    });
  });

  test('that somebody cannot use for another reason stays', async () => {
    const own = client();
    const fail = (): Promise<never> => Promise.reject(new Error('of no use'));
    await expect(own.use(wanted(tool, server.url), fail)).rejects.toThrow('of no use');
    const place = await put('packages/x86_64/tool-1-r0.apk', tool.bytes);
    const local = wanted(tool, join(directory, 'packages'));
    await expect(own.use(local, () => truncate(place, 9).then(fail))).rejects.toThrow('of no use');
    expect(await readFile(place)).toHaveLength(9);
    expect(server.log).toHaveLength(1);
  });

  test('offline and not at hand is named', async () => {
    await expect(client({ offline: true }).obtain(wanted(tool, server.url))).rejects.toMatchObject({
      code: 'APK_CLIENT_OFFLINE',
    });
  });
});
