import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { MemoryBlobs } from '@kiln/blobs';
import { networkDependencies, type NetworkRecord, type ObservedNetwork } from '@kiln/build';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Authority } from './authority.ts';
import { javaTrustPassword, javaTrustStore } from './java-trust.ts';
import { HttpObserver, type HttpObserverOptions } from './observer.ts';
import { printNetworkRecord, readNetworkRecord } from './record-file.ts';

const folder = fs.mkdtempSync(path.join(tmpdir(), 'kiln-observer-'));
const upstreamAuthority = new Authority();
/** What the servers were asked, as `METHOD /path`. */
const asked: { readonly line: string; readonly headers: http.IncomingHttpHeaders }[] = [];
/** By path; what is not there is 404. */
const contents = new Map<string, string>();
const servers: http.Server[] = [];
/** What `/release` redirects to is good until then. */
let signedUntil = 1;
let plain = '';
let secure = '';

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  asked.push({ line: `${request.method} ${request.url}`, headers: request.headers });
  const { pathname } = new URL(request.url ?? '', 'http://any');
  if (pathname === '/moved') return void response.writeHead(302, { location: '/file' }).end();
  if (pathname === '/release') {
    response.writeHead(302, { location: `/signed?until=${signedUntil}` });
    return void response.end(`until ${signedUntil}`);
  }
  if (pathname === '/signed') {
    const good = request.url === `/signed?until=${signedUntil}`;
    return void response.writeHead(good ? 200 : 403).end(good ? contents.get('/signed') : 'late');
  }
  if (pathname === '/busy') return void response.writeHead(503).end('later');
  if (pathname === '/cut') {
    response.writeHead(200, { 'content-length': 100 }).write('only this');
    return void setTimeout(() => response.destroy(), 50);
  }
  if (pathname === '/echo') return void request.pipe(response);
  const content = contents.get(pathname);
  const type = pathname.endsWith('.tgz') ? 'application/octet-stream' : 'text/plain';
  response.writeHead(content === undefined ? 404 : 200, { 'content-type': type });
  response.end(content ?? 'nothing here');
}

async function listen(server: http.Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as net.AddressInfo).port;
}

beforeAll(async () => {
  plain = `http://127.0.0.1:${await listen(http.createServer(answer))}`;
  const { certificate, key } = upstreamAuthority.credentialFor('localhost');
  secure = `https://localhost:${await listen(https.createServer({ cert: certificate, key }, answer))}`;
});

afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  fs.rmSync(folder, { recursive: true });
});

interface Session {
  readonly network: ObservedNetwork;
  readonly log: string[];
  readonly proxy: string;
  readonly blobs: MemoryBlobs;
}

const open: Session[] = [];
afterEach(async () => {
  for (const { network } of open.splice(0)) await network.close();
  asked.length = 0;
});

/** An open network, and a TCP port that leads to it as the relay of a sandbox does. */
async function session(
  options: Partial<HttpObserverOptions> = {},
  known?: NetworkRecord,
): Promise<Session> {
  const blobs = new MemoryBlobs();
  const log: string[] = [];
  const observer = new HttpObserver({
    blobs,
    allowed: ['127.0.0.1', 'localhost'],
    authorities: [upstreamAuthority.certificate],
    ...options,
  });
  const network = await observer.open({ known, onLog: ({ text }) => log.push(text) });
  const relay = net.createServer((inside) => {
    const outside = net.connect(network.relay.socket);
    inside.pipe(outside).pipe(inside);
    inside.on('error', () => outside.destroy());
    outside.on('error', () => inside.destroy());
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  relay.unref();
  const proxy = `http://127.0.0.1:${(relay.address() as net.AddressInfo).port}`;
  const opened = { network, log, proxy, blobs };
  open.push(opened);
  return opened;
}

interface Got {
  readonly status: number;
  readonly body: string;
  readonly exitCode: number;
}

/** With curl, which a person would use, and which trusts what the variables say. */
async function curl({ network, proxy }: Session, ...words: readonly string[]): Promise<Got> {
  const [mount] = network.mounts;
  const fixed = ['-sS', '--max-time', '60', '--proxy', proxy, '--noproxy', ''];
  const trust = ['--cacert', mount?.source ?? ''];
  const out = ['-w', '\n%{http_code}'];
  const { stdout, code } = await promisify(execFile)('curl', [...fixed, ...trust, ...out, ...words])
    .then((done) => ({ stdout: done.stdout, code: 0 }))
    .catch((error: { stdout: string; code: number }) => error);
  const cut = stdout.lastIndexOf('\n');
  return { body: stdout.slice(0, cut), status: Number(stdout.slice(cut + 1)), exitCode: code };
}

const sha256 = (text: string): string =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('what is fetched', () => {
  test('is recorded with its address, its size and its digest, over HTTP and HTTPS', async () => {
    contents.set('/file', 'the content');
    const here = await session();
    expect(await curl(here, `${plain}/file?v=1#part`)).toMatchObject({ body: 'the content' });
    expect(await curl(here, `${secure}/file`)).toMatchObject({ body: 'the content', status: 200 });
    expect(await curl(here, `${plain}/absent`)).toMatchObject({ status: 404 });
    expect(networkDependencies(here.network.record())).toEqual([
      { uri: `${plain}/file?v=1`, digest: sha256('the content') },
      { uri: `${secure}/file`, digest: sha256('the content') },
    ]);
    expect(here.log).toContain(`GET ${secure}/file: 200, 11 bytes, ${sha256('the content')}`);
    expect(here.network.refusals).toEqual([]);
  });

  test('is asked for once, and is the same for all who ask', async () => {
    contents.set('/twice', 'first');
    const here = await session();
    const both = await Promise.all([curl(here, `${plain}/twice`), curl(here, `${plain}/twice`)]);
    contents.set('/twice', 'second');
    expect([...both, await curl(here, `${plain}/twice`)].map(({ body }) => body)).toEqual([
      'first',
      'first',
      'first',
    ]);
    expect(asked.map(({ line }) => line)).toEqual(['GET /twice']);
  });

  test('is a redirect too, which the client follows', async () => {
    contents.set('/file', 'the content');
    const here = await session();
    expect(await curl(here, '-L', `${secure}/moved`)).toMatchObject({ body: 'the content' });
    expect(here.network.record().answers.map(({ status }) => status)).toEqual([200, 302]);
  });

  test('goes by what decides it and by nothing secret or partial', async () => {
    contents.set('/file', 'the content');
    const here = await session();
    const words = ['-H', 'authorization: Bearer secret', '-H', 'range: bytes=0-3', '-b', 'a=b'];
    const accept = ['-H', 'accept: application/json', '-A', 'tool/1'];
    expect(await curl(here, ...words, ...accept, `${plain}/file`)).toMatchObject({
      body: 'the content',
    });
    expect(asked[0]?.headers).toMatchObject({
      accept: 'application/json',
      'user-agent': 'tool/1',
      'accept-encoding': 'identity',
    });
    for (const name of ['authorization', 'range', 'cookie'])
      expect(asked[0]?.headers).not.toHaveProperty(name);
    expect(here.network.record().answers[0]?.request.headers).toEqual({
      accept: 'application/json',
    });
  });

  test('may be asked for by a body, as git does', async () => {
    const here = await session();
    const post = (body: string): Promise<Got> =>
      curl(here, '--data-binary', body, '-H', 'content-type: a/b', `${secure}/echo`);
    expect(
      [await post('one'), await post('two'), await post('one')].map(({ body }) => body),
    ).toEqual(['one', 'two', 'one']);
    expect(asked.length).toBe(2);
    expect((await curl(here, '-I', `${plain}/file`)).status).toBe(200);
  });

  test('is not remembered when the server is in trouble or cuts it short', async () => {
    const here = await session();
    expect(here.network.unsteady).toBe(false);
    expect(await curl(here, `${plain}/busy`)).toMatchObject({ status: 503, body: 'later' });
    expect((await curl(here, `${plain}/cut`)).exitCode).not.toBe(0);
    expect(here.network.record().answers).toEqual([]);
    expect(here.network.trouble).toBeUndefined();
    expect(here.network.unsteady).toBe(true);
  });
});

describe('what is known', () => {
  async function recorded(): Promise<{ record: NetworkRecord; blobs: MemoryBlobs }> {
    contents.set('/pinned', 'as it was');
    const here = await session();
    await curl(here, `${secure}/pinned`);
    asked.length = 0;
    return { record: here.network.record(), blobs: here.blobs };
  }

  test('is given without asking anybody', async () => {
    const { record, blobs } = await recorded();
    contents.delete('/pinned');
    const here = await session({ blobs }, record);
    expect(await curl(here, `${secure}/pinned`)).toMatchObject({ status: 200, body: 'as it was' });
    expect(asked).toEqual([]);
    expect(here.network.record()).toEqual(record);
  });

  test('is fetched again where its content is gone, and is the same', async () => {
    const { record } = await recorded();
    const here = await session({}, record);
    expect(await curl(here, `${secure}/pinned`)).toMatchObject({ status: 200, body: 'as it was' });
    expect(here.log.join()).toContain('known, fetched again');
  });

  describe('on another machine, from a file', () => {
    /** A record as a file, and what its copy is read as with an empty store. */
    async function carried(
      ...urls: readonly string[]
    ): Promise<{ readonly file: string; readonly blobs: MemoryBlobs; record: NetworkRecord }> {
      const here = await session();
      for (const url of urls) await curl(here, '-L', url);
      const file = path.join(folder, 'network.json');
      const record = here.network.record();
      fs.writeFileSync(file, await printNetworkRecord(record, here.blobs));
      const blobs = new MemoryBlobs();
      const read = await readNetworkRecord(file, blobs);
      expect(read).toEqual(record);
      asked.length = 0;
      return { file, blobs, record };
    }

    test('is an index as it was, and a package that is fetched again', async () => {
      contents.set('/index', 'version 1');
      contents.set('/package.tgz', 'the package');
      const { blobs, record } = await carried(`${secure}/index`, `${secure}/package.tgz`);
      contents.set('/index', 'version 1, version 2');
      const here = await session({ blobs }, record);
      expect(await curl(here, `${secure}/index`)).toMatchObject({ body: 'version 1' });
      expect(await curl(here, `${secure}/package.tgz`)).toMatchObject({ body: 'the package' });
      expect(asked.map(({ line }) => line)).toEqual(['GET /package.tgz']);
      expect(here.network.record()).toEqual(record);
    });

    test('is found again behind a redirect whose address has run out', async () => {
      contents.set('/signed', 'the release');
      signedUntil = 1;
      const { blobs, record } = await carried(`${secure}/release`);
      signedUntil = 2;
      const here = await session({ blobs }, record);
      expect(await curl(here, '-L', `${secure}/release`)).toMatchObject({ body: 'the release' });
      expect(here.network.record()).toEqual(record);
      contents.set('/signed', 'another release');
      const other = await session({}, record);
      expect(await curl(other, `${secure}/signed?until=1`)).toMatchObject({ status: 403 });
      expect(other.network.trouble?.code).toBe('NETWORK_CHANGED');
    });

    test('is no record when a document in it is not what it should be', async () => {
      contents.set('/index', 'version 1');
      const { file } = await carried(`${secure}/index`);
      const text = fs.readFileSync(file, 'utf8');
      const other = gzipSync('version 2').toString('base64');
      fs.writeFileSync(file, text.replace(/"H4s[^"]*"/, JSON.stringify(other)));
      expect(fs.readFileSync(file, 'utf8')).not.toBe(text);
      expect(await readNetworkRecord(file, new MemoryBlobs())).toBeUndefined();
    });
  });

  test('is refused with both digests when it has become something else', async () => {
    const { record } = await recorded();
    contents.set('/pinned', 'something else');
    const here = await session({}, record);
    const got = await curl(here, `${secure}/pinned`);
    expect(got.status).toBe(403);
    for (const text of [got.body, here.network.trouble?.message]) {
      expect(text).toContain(`${secure}/pinned gave 200 ${sha256('as it was')}`);
      expect(text).toContain(`now gives 200 ${sha256('something else')}`);
      expect(text).not.toContain('something else');
    }
    expect(here.network.trouble?.code).toBe('NETWORK_CHANGED');
  });
});

describe('what is refused', () => {
  test.for([
    ['a private address', 'http://10.0.0.1/x'],
    ['this machine', 'http://127.0.0.1:9/x'],
    ['a name of this machine', 'http://localhost:9/x'],
    ['a tunnel to it', 'https://127.0.0.1:9/x'],
    ['the address of a cloud’s secrets', 'http://169.254.169.254/latest'],
  ])('%s, unless it is allowed', async ([, url = '']) => {
    const here = await session({ allowed: [] });
    expect(await curl(here, url)).toMatchObject({
      status: 403,
      body: expect.stringMatching(/^kiln: ".*" is an address of this machine/) as string,
    });
    expect(here.network.refusals).toHaveLength(1);
    expect(here.network.record().answers).toEqual([]);
  });

  test('other schemes, other methods, and passwords in addresses', async () => {
    const here = await session();
    expect(await curl(here, 'ftp://127.0.0.1/x')).toMatchObject({
      status: 403,
      body: expect.stringContaining('neither http nor https') as string,
    });
    expect(await curl(here, '-X', 'DELETE', `${plain}/file`)).toMatchObject({ status: 403 });
    expect(asked).toEqual([]);
  });

  test('a server whose certificate nobody vouches for', async () => {
    const here = await session({ authorities: [] });
    const got = await curl(here, `${secure}/file`);
    expect(got).toMatchObject({ status: 502 });
    expect(got.body).toMatch(/^kiln: localhost:\d+ cannot be reached: /);
    expect(here.network.unsteady).toBe(false);
  });

  test('more than the limits allow', async () => {
    contents.set('/large', 'x'.repeat(5000));
    const here = await session({ limits: { answerBytesMax: 4000, sentBytesMax: 10 } });
    expect((await curl(here, `${plain}/large`)).exitCode).not.toBe(0);
    expect(here.network.trouble).toMatchObject({ code: 'NETWORK_LIMIT' });
    const sent = await curl(here, '--data-binary', 'x'.repeat(50), `${plain}/echo`);
    expect(sent).toMatchObject({ status: 403 });
    const few = await session({ limits: { requestsMax: 1 } });
    await curl(few, `${plain}/absent`);
    expect(await curl(few, `${plain}/other`)).toMatchObject({ status: 403 });
    expect(few.network.trouble?.message).toBe('too much for one build: more than 1 requests');
  });

  test('a client that does not trust the build’s authority, which is said', async () => {
    const here = await session();
    const words = ['-sS', '--proxy', here.proxy, '--noproxy', '', `${secure}/file`];
    await expect(promisify(execFile)('curl', words)).rejects.toMatchObject({ code: 60 });
    expect(here.network.refusals.join()).toMatch(/TLS with localhost:\d+ failed: .*SSL_CERT_FILE/);
  });

  test('what is no HTTP, without harm', async () => {
    const here = await session();
    for (const words of [
      'CONNECT nowhere',
      'GET / HTTP/1.1\r\n\r\n',
      '\x16\x03\x01',
      'x'.repeat(99),
    ]) {
      const socket = net.connect(here.network.relay.socket);
      socket.on('error', () => undefined);
      socket.end(words);
      socket.resume();
      await once(socket, 'close');
    }
    contents.set('/file', 'the content');
    expect(await curl(here, `${plain}/file`)).toMatchObject({ body: 'the content' });
  });
});

describe('through a proxy of this machine', () => {
  /** What it was asked for: `GET http://…` or `CONNECT host:port`. */
  const passed: string[] = [];
  let proxyPort = 0;

  /** It alone knows `registry.test`, and wants a password. */
  beforeAll(async () => {
    const welcome = (request: http.IncomingMessage): boolean => {
      passed.push(`${request.method} ${request.url}`);
      const wanted = `Basic ${Buffer.from('user:secret').toString('base64')}`;
      return request.headers['proxy-authorization'] === wanted;
    };
    const server = http.createServer((request, response) => {
      if (!welcome(request)) return void response.writeHead(407).end();
      const { port, pathname } = new URL(request.url ?? '');
      const onward = http.request({ host: '127.0.0.1', port, path: pathname });
      onward.on('response', (answered) => answered.pipe(response)).end();
    });
    server.on('connect', (request: http.IncomingMessage, inside: net.Socket) => {
      if (!welcome(request)) return void inside.end('HTTP/1.1 407 Who are you\r\n\r\n');
      const outside = net.connect(Number(request.url?.split(':')[1]), '127.0.0.1');
      inside.write('HTTP/1.1 200 OK\r\n\r\n');
      inside.pipe(outside).pipe(inside);
      for (const end of [inside, outside]) end.on('error', () => inside.destroy());
    });
    proxyPort = await listen(server);
  });

  const named = (url: string): string => url.replace(/localhost|127\.0\.0\.1/, 'registry.test');
  const variables = (password: string): Readonly<Record<string, string>> => ({
    ALL_PROXY: `http://user:${password}@localhost:${proxyPort}`,
    NO_PROXY: '127.0.0.1',
  });

  test('servers are asked that only it can reach, and their certificates hold', async () => {
    contents.set('/file', 'the content');
    passed.length = 0;
    const { certificate, key } = upstreamAuthority.credentialFor('registry.test');
    const server = https.createServer({ cert: certificate, key }, answer);
    const far = `https://registry.test:${await listen(server)}`;
    const here = await session({ allowed: [], proxyVariables: variables('secret') });
    expect(await curl(here, `${far}/file`)).toMatchObject({ status: 200, body: 'the content' });
    expect(await curl(here, `${named(plain)}/file`)).toMatchObject({ body: 'the content' });
    expect(passed).toEqual([`CONNECT ${far.slice(8)}`, `GET ${named(plain)}/file`]);
    expect(here.network.record().answers.map(({ request }) => request.url)).toEqual([
      `${named(plain)}/file`,
      `${far}/file`,
    ]);
    expect(await curl(here, `${named(secure)}/file`)).toMatchObject({
      status: 502,
      body: expect.stringContaining('cannot be reached: ERR_TLS_CERT_ALTNAME_INVALID') as string,
    });
    expect(JSON.stringify([here.log, here.network.record()])).not.toContain('secret');
  });

  test('private names are refused, and exceptions are asked without it', async () => {
    contents.set('/file', 'the content');
    passed.length = 0;
    const shut = await session({ allowed: [], proxyVariables: variables('secret') });
    expect(await curl(shut, `${secure}/file`)).toMatchObject({ status: 403 });
    const here = await session({ proxyVariables: variables('secret') });
    expect(await curl(here, `${plain}/file`)).toMatchObject({ body: 'the content' });
    expect(passed).toEqual([]);
    expect(await curl(here, `${secure}/file`)).toMatchObject({ body: 'the content' });
    expect(passed).toEqual([`CONNECT ${secure.slice(8)}`]);
  });

  test('what it refuses is said without the password', async () => {
    const here = await session({ proxyVariables: variables('wrong%20one') });
    const got = await curl(here, `${secure}/file`);
    expect(got.status).toBe(502);
    expect(here.network.record().answers).toEqual([]);
    expect(got.body).toMatch(/cannot be reached: the proxy of this machine says .*407 Who are you/);
    const plainly = await curl(here, `${named(plain)}/file`);
    expect(plainly).toMatchObject({
      status: 502,
      body: expect.stringContaining('the proxy of this machine says 407') as string,
    });
    expect(got.body + plainly.body + here.log.join()).not.toMatch(/wrong|user:/);
    const invalid = { HTTPS_PROXY: 'socks5://user:secret@proxy' };
    await expect(session({ proxyVariables: invalid })).rejects.toThrow(
      'HTTPS_PROXY names a proxy for "socks5:"',
    );
  });
});

test('a connection that the server closed meanwhile is no failure', async () => {
  const seen = new WeakSet<net.Socket>();
  const server = http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
    if (seen.has(request.socket)) return void request.socket.destroy();
    seen.add(request.socket);
    response.end(request.url);
  });
  const closing = `http://127.0.0.1:${await listen(server)}`;
  const here = await session();
  for (const path of ['/one', '/two', '/three'])
    expect(await curl(here, `${closing}${path}`)).toMatchObject({ status: 200, body: path });
});

const keytool = spawnSync('keytool', ['-help']).error === undefined;

test.skipIf(!keytool)('Java reads the trust store, with its password and without', () => {
  const { certificate } = new Authority();
  const store = path.join(folder, 'trust.jks');
  fs.writeFileSync(store, javaTrustStore(certificate, 'kiln'));
  const list = ['-J-Duser.language=en', '-list', '-rfc', '-storetype', 'JKS', '-keystore', store];
  const words = ['-storepass', javaTrustPassword];
  const listed = execFileSync('keytool', [...list, ...words], { encoding: 'utf8', input: '' });
  expect(listed).toContain('Alias name: kiln');
  expect(listed.replaceAll(/\s/g, '')).toContain(certificate.replaceAll(/\s/g, ''));
  const wrong = spawnSync('keytool', [...list, '-storepass', 'another'], { encoding: 'utf8' });
  expect(wrong.stdout).toContain('password was incorrect');
});

test('certificates are sound to others, for names and for addresses', () => {
  const authority = new Authority();
  const file = (name: string, text: string): string => {
    fs.writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const root = file('root.pem', authority.certificate);
  const openssl = (...words: readonly string[]): string =>
    execFileSync('openssl', words, { encoding: 'utf8' });
  for (const [host, option] of [
    ['example.org', '-verify_hostname'],
    ['192.0.2.1', '-verify_ip'],
    ['2001:db8::1', '-verify_ip'],
    ['::1', '-verify_ip'],
  ] as const) {
    const leaf = file('leaf.pem', authority.credentialFor(host).certificate);
    const words = ['-x509_strict', '-purpose', 'sslserver', '-CAfile', root, option, host, leaf];
    expect(openssl('verify', ...words)).toContain('OK');
  }
  const other = file('other.pem', new Authority().credentialFor('example.org').certificate);
  expect(() =>
    execFileSync('openssl', ['verify', '-CAfile', root, other], { stdio: 'pipe' }),
  ).toThrow(/verification failed|unable to get local issuer/);
});
