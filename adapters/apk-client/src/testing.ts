import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  checksumOf,
  checksumRecord,
  controlSegment,
  parsePackageInfo,
  printIndexMember,
  recordOf,
  signControl,
  signatureSegment,
} from '@kiln/apk';
import type { IndexRecord, PackageInfo } from '@kiln/apk';
import { concatBytes } from '@kiln/base';
import { gzipBytes } from '@kiln/gzip';
import { directoryEntry, fileEntry, symlinkEntry, tarBytes } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';

/** For tests: a key pair with the file name of its public part. */
export interface TestKey {
  readonly name: string;
  readonly publicPem: string;
  readonly privatePem: string;
}

export function testKey(name: string): TestKey {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { name, publicPem: pair.publicKey, privatePem: pair.privateKey };
}

/** For tests: a path to a file's text or bytes, `null` for a directory, `-> target` for a link. */
export type TestFiles = Readonly<Record<string, string | Uint8Array | null>>;

export interface TestPackage {
  readonly bytes: Uint8Array;
  readonly record: IndexRecord;
}

/** For tests: a package, signed by nobody. Parents of files have to be listed before them. */
export function testPackage(
  nameVersion: string,
  files: TestFiles,
  more: Partial<PackageInfo> = {},
): TestPackage {
  const [name = '', version = '1-r0'] = nameVersion.split('=');
  const members = Object.entries(files).map(([path, text]) => member(path, text));
  const data = gzipBytes(tarBytes(members));
  const info: PackageInfo = {
    ...parsePackageInfo(`pkgname = ${name}\npkgver = ${version}\narch = x86_64\n`),
    origin: name,
    ...more,
    dataHash: createHash('sha256').update(data).digest('hex'),
  };
  const control = controlSegment({ info, scripts: new Map(), mtimeSeconds: 0 });
  const bytes = concatBytes([control, data]);
  return { bytes, record: recordOf(info, checksumOf(control), bytes.length) };
}

function member(
  path: string,
  text: string | Uint8Array | null,
): { entry: TarEntry; content: Uint8Array } {
  if (text === null) return { entry: directoryEntry(path), content: new Uint8Array(0) };
  const target = typeof text === 'string' && text.startsWith('-> ') ? text.slice(3) : undefined;
  const sum = createHash('sha1')
    .update(target ?? text)
    .digest('hex');
  const pax = new Map([[checksumRecord, Buffer.from(sum)]]);
  if (target !== undefined)
    return { entry: symlinkEntry(path, target, { pax }), content: new Uint8Array(0) };
  const content = Buffer.from(text);
  return { entry: fileEntry(path, content.length, { pax, mode: 0o755 }), content };
}

/** For tests: an index over packages, signed by the key, or by nobody. */
export function testIndex(packages: readonly TestPackage[], key: TestKey | undefined): Uint8Array {
  const index = printIndexMember(
    packages.map(({ record }) => record),
    'a test',
  );
  if (key === undefined) return index;
  const signature = signControl(index, key.privatePem);
  return concatBytes([signatureSegment({ keyName: key.name, signature, mtimeSeconds: 0 }), index]);
}

/** For tests: the files of a repository below its root, by path. */
export function testRepository(
  packages: readonly TestPackage[],
  key: TestKey | undefined,
): Map<string, Uint8Array> {
  return new Map([
    ['x86_64/APKINDEX.tar.gz', testIndex(packages, key)],
    ...packages.map(({ record, bytes }): [string, Uint8Array] => [
      `x86_64/${record.name}-${record.version}.apk`,
      bytes,
    ]),
  ]);
}

/** What a test server does with a request; false lets it serve the file. */
export type TestHook = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface TestServer {
  readonly url: string;
  /** `host:port`. */
  readonly host: string;
  /** What was asked, in order: method, path, and the status of the answer. */
  readonly log: string[];
  /** Served under their paths, with a validator. */
  readonly files: Map<string, Uint8Array>;
  hook: TestHook;
  close(): void;
}

/** For tests: a server on loopback. */
export async function testServer(files: Map<string, Uint8Array>): Promise<TestServer> {
  const log: string[] = [];
  const state = { hook: ((): boolean => false) as TestHook };
  const server = createServer((request, response) => {
    const writeHead = response.writeHead.bind(response) as (...all: unknown[]) => ServerResponse;
    response.writeHead = (status: number, ...more: unknown[]) => {
      log.push(`${request.method} ${request.url} ${status}`);
      return writeHead(status, ...more);
    };
    if (state.hook(request, response)) return;
    serveFile(files, request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    log,
    files,
    get hook() {
      return state.hook;
    },
    set hook(hook: TestHook) {
      state.hook = hook;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function serveFile(
  files: ReadonlyMap<string, Uint8Array>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const bytes = files.get(decodeURIComponent((request.url ?? '').slice(1)));
  if (bytes === undefined) {
    response.writeHead(404).end('not here');
    return;
  }
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
  if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
  else response.writeHead(200, { etag, 'content-length': bytes.length }).end(bytes);
}
