import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pullStorm } from '@kiln/oci-registry/pull-storm';
import { median } from '../packages/median.ts';

/**
 * Compares registries under the same requests: `node bench/images/registry.ts --docker-registry PROGRAM --crane PROGRAM`.
 * Each is started by turns on an empty folder, and gets blobs in one chunk (POST, PATCH, PUT), gives them back, and answers
 * for one manifest by tag; `--own` is a server that listens already, such as that of a factory. With `--pull` each gets a storm
 * of pulls over that many connections instead, while tags move: how many requests a second, and how many were not answered right.
 */
const { values } = parseArgs({
  options: {
    'docker-registry': { type: 'string' },
    crane: { type: 'string' },
    own: { type: 'string' },
    runs: { type: 'string', default: '3' },
    megabytes: { type: 'string', default: '64' },
    blobs: { type: 'string', default: '4' },
    connections: { type: 'string', default: '16' },
    requests: { type: 'string', default: '20000' },
    pull: { type: 'boolean', default: false },
    kilobytes: { type: 'string', default: '256' },
  },
});
const [runs, blobBytes, blobCount, connections, requests] = [
  Number(values.runs),
  Number(values.megabytes) * 1_000_000,
  Number(values.blobs),
  Number(values.connections),
  Number(values.requests),
];
const blobs = values.pull ? [] : Array.from({ length: blobCount }, () => randomBytes(blobBytes));
const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const digests = blobs.map(digestOf);
const work = mkdtempSync(join(tmpdir(), 'kiln-registries-'));

/** Figures of one run: megabytes and requests per second. */
interface Figures {
  readonly push: number;
  readonly pull: number;
  readonly manifests: number;
}

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly sizeBytes: number;
}

/** A registry that can be started on an empty folder; `stop` ends it. */
interface Contestant {
  readonly name: string;
  start(folder: string): Promise<{ readonly base: string; stop(): Promise<void> }>;
}

const agent = new Agent({ keepAlive: true, maxSockets: connections });

function call(
  method: string,
  address: string | URL,
  body?: Uint8Array | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const length = { 'content-length': `${Buffer.byteLength(body ?? '')}` };
  return new Promise((resolve, reject) => {
    const sent = request(address, { method, agent, headers: { ...length, ...headers } });
    sent.once('error', reject);
    sent.once('response', (response) => {
      let sizeBytes = 0;
      response.on('data', (chunk: Buffer) => (sizeBytes += chunk.length));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location ?? '',
          sizeBytes,
        }),
      );
    });
    sent.end(body);
  });
}

function require(answer: Answer, status: number, what: string): Answer {
  if (answer.status !== status) throw new Error(`${what} was answered with ${answer.status}`);
  return answer;
}

async function pushBlob(base: string, bytes: Uint8Array, digest: string): Promise<void> {
  const opened = require(await call('POST', `${base}/v2/bench/blobs/uploads/`), 202, 'POST');
  const chunk = new URL(opened.location, base);
  const type = { 'content-type': 'application/octet-stream' };
  const patched = require(await call('PATCH', chunk, bytes, type), 202, 'PATCH');
  const last = new URL(patched.location === '' ? chunk : patched.location, base);
  last.searchParams.set('digest', digest);
  require(await call('PUT', last), 201, 'PUT');
}

async function pushManifest(base: string): Promise<void> {
  const config = Buffer.from('{}');
  await pushBlob(base, config, digestOf(config));
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      size: 2,
      digest: digestOf(config),
    },
    layers: digests.map((digest) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      size: blobBytes,
      digest,
    })),
  });
  const type = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
  require(await call(
    'PUT',
    `${base}/v2/bench/manifests/latest`,
    manifest,
    type,
  ), 201, 'a manifest');
}

async function secondsOf(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return (performance.now() - startedAt) / 1000;
}

async function measure(base: string): Promise<Figures> {
  const megabytes = (blobBytes * blobCount) / 1e6;
  const push = await secondsOf(() =>
    Promise.all(blobs.map((bytes, at) => pushBlob(base, bytes, digests[at] ?? ''))),
  );
  await pushManifest(base);
  const pullOne = async (digest: string): Promise<void> => {
    const pulled = require(await call('GET', `${base}/v2/bench/blobs/${digest}`), 200, 'a blob');
    if (pulled.sizeBytes !== blobBytes) throw new Error(`${pulled.sizeBytes} bytes of a blob came`);
  };
  const pull = await secondsOf(() => Promise.all(digests.map(pullOne)));
  const accept = { accept: 'application/vnd.oci.image.manifest.v1+json' };
  let left = requests;
  const asker = async (): Promise<void> => {
    while (left-- > 0)
      require(await call(
        'GET',
        `${base}/v2/bench/manifests/latest`,
        undefined,
        accept,
      ), 200, 'a manifest');
  };
  const manifests = await secondsOf(() => Promise.all(Array.from({ length: connections }, asker)));
  return { push: megabytes / push, pull: megabytes / pull, manifests: requests / manifests };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function started(
  base: string,
  child: ChildProcess,
): Promise<{ readonly base: string; stop(): Promise<void> }> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let wait = 0; wait < 1200; wait += 1) {
    const answer = await call('GET', `${base}/v2/`).catch(() => undefined);
    if (answer?.status === 200)
      return {
        base,
        stop: async () => {
          child.kill();
          await ended;
        },
      };
    await sleep(50);
  }
  child.kill();
  throw new Error(`nothing answers at ${base}`);
}

/** Kiln's registry as a process of its own: blobs as files, what it shows in memory. */
const ownProgram = `
  import Fastify from 'fastify';
  import { FsBlobs } from '@kiln/blobs-fs';
  import { MemoryRegistryState } from '@kiln/factory';
  import { ociRegistry } from '@kiln/oci-registry';
  const [folder, port] = process.argv.slice(1);
  const blobs = new FsBlobs({ directory: folder + '/blobs' });
  const server = Fastify();
  await server.register(ociRegistry, {
    blobs,
    state: new MemoryRegistryState(),
    uploadsDirectory: folder + '/uploads',
    takeFile: (file, options) => blobs.take(file, options),
  });
  await server.listen({ host: '127.0.0.1', port: Number(port) });
`;

const contestants: Contestant[] = [
  {
    name: 'kiln',
    start: async (folder) => {
      if (values.own !== undefined)
        return { base: values.own.replace(/\/$/, ''), stop: () => Promise.resolve() };
      const port = await freePort();
      const words = ['--input-type=module', '-e', ownProgram, '--', folder, `${port}`];
      const cwd = join(import.meta.dirname, '../../apps/server');
      const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'], cwd });
      return started(`http://127.0.0.1:${port}`, child);
    },
  },
];
const dockerRegistry = values['docker-registry'];
if (dockerRegistry !== undefined)
  contestants.push({
    name: 'docker-registry',
    start: async (folder) => {
      const port = await freePort();
      const config = join(folder, 'config.yml');
      writeFileSync(
        config,
        `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: ${folder}/data}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
      );
      const child = spawn(dockerRegistry, ['serve', config], { stdio: 'ignore' });
      return started(`http://127.0.0.1:${port}`, child);
    },
  });
const crane = values.crane;
if (crane !== undefined)
  contestants.push({
    name: 'crane registry serve',
    start: async (folder) => {
      const port = await freePort();
      const words = ['registry', 'serve', '--address', `127.0.0.1:${port}`, '--disk', folder];
      return started(`http://127.0.0.1:${port}`, spawn(crane, words, { stdio: 'ignore' }));
    },
  });

/** Each contestant on an empty folder, as often as there are runs. */
async function byTurns(act: (name: string, base: string) => Promise<unknown>): Promise<void> {
  for (let run = 0; run < runs; run += 1) {
    for (const { name, start } of contestants) {
      const folder = join(work, `${name.replaceAll(' ', '-')}-${run}`);
      mkdirSync(folder);
      const registry = await start(folder);
      try {
        await act(name, registry.base);
      } finally {
        await registry.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    }
  }
}

async function compareFigures(): Promise<void> {
  const found = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]));
  await byTurns(async (name, base) => found.get(name)?.push(await measure(base)));
  process.stdout.write(
    `method: ${blobCount} blobs of ${values.megabytes} MB at once, pushed with POST, PATCH and PUT and pulled; ${requests} manifests by tag over ${connections} connections; medians of ${runs} runs by turns, each on an empty folder\n`,
  );
  const figure = (name: string, of: keyof Figures): number =>
    median((found.get(name) ?? []).map((each) => each[of]));
  for (const [of, unit] of [
    ['push', 'MB/s'],
    ['pull', 'MB/s'],
    ['manifests', 'requests/s'],
  ] as const) {
    for (const { name } of contestants) {
      const ratio = figure('kiln', of) / figure(name, of);
      process.stdout.write(
        `${of}: ${name} ${figure(name, of).toFixed(0)} ${unit}${name === 'kiln' ? '' : `, kiln has ${ratio.toFixed(2)} times that`}\n`,
      );
    }
  }
}

/** Prints what came of each storm; what was not answered right makes the exit code 1. */
async function compareStorms(): Promise<void> {
  process.stdout.write(
    `method: ${requests} pulls over ${connections} connections at once, a fourth each of manifests by tag, manifests by digest, layers of ${values.kilobytes} kB and parts of them, while four tags get one image after another; every answer is compared with its digest\n`,
  );
  let seed = 0;
  await byTurns(async (name, base) => {
    const storm = await pullStorm({
      base,
      repository: `bench/storm-${Date.now()}`,
      connections,
      pulls: requests,
      layerBytes: Number(values.kilobytes) * 1000,
      seed: ++seed,
    });
    const { failures, pulls, bytes, seconds, moves, connectionsMax } = storm;
    process.stdout.write(
      `storm: ${name} ${(pulls / seconds).toFixed(0)} requests/s, ${(bytes / 1e6 / seconds).toFixed(0)} MB/s, ${moves} tags moved, ${connectionsMax} connections at once, ${failures.length} failures\n`,
    );
    for (const failure of failures.slice(0, 10)) process.stdout.write(`  ${failure}\n`);
    if (failures.length > 0) process.exitCode = 1;
  });
}

try {
  await (values.pull ? compareStorms() : compareFigures());
} finally {
  agent.destroy();
  rmSync(work, { recursive: true, force: true });
}
