import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryBlobs } from '@kiln/blobs';
import { MemoryRegistryState } from '@kiln/factory';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ociRegistry } from '../registry.ts';
import type { PullStorm } from './pull-storm.ts';
import { pullStorm } from './pull-storm.ts';

let directory: string;
let server: FastifyInstance;
/** What is answered to a pull instead of what was asked for. */
let instead: (path: string) => string;
/** The digest of what was pushed first. */
let first: string;
let base: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-storm-'));
  [first, instead] = ['', (path) => path];
  server = Fastify({
    forceCloseConnections: true,
    rewriteUrl: ({ method, url = '' }: IncomingMessage) => (method === 'GET' ? instead(url) : url),
  });
  server.addHook('onSend', async ({ method, url }, reply) => {
    if (method === 'PUT' && url.includes('/manifests/'))
      first ||= String(reply.getHeader('docker-content-digest'));
  });
  const [blobs, state] = [new MemoryBlobs(), new MemoryRegistryState()];
  await server.register(ociRegistry, { blobs, state, uploadsDirectory: directory });
  base = await server.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const storm = (): Promise<PullStorm> =>
  pullStorm({ base, repository: 'a', connections: 20, pulls: 200, layerBytes: 4096, seed: 1 });

test('a registry that loses nothing has no failures', async () => {
  const { failures, pulls, bytes, moves, connectionsMax } = await storm();
  expect(failures).toEqual([]);
  expect([pulls, bytes > 200_000, moves > 0, connectionsMax >= 20]).toEqual([
    200,
    true,
    true,
    true,
  ]);
});

test('an answer that does not come is a failure', async () => {
  let asked = 0;
  instead = (path) => (++asked % 50 === 0 ? '/v2/a/blobs/nothing' : path);
  const { failures } = await storm();
  expect(failures.length).toBeGreaterThanOrEqual(4);
  expect(failures.join('\n')).toMatch(/was answered with 4/);
});

test('so is a tag that stays where it was', async () => {
  instead = (path) => path.replace('/manifests/alpha', `/manifests/${first}`);
  const { failures } = await storm();
  expect(failures).toContainEqual(
    expect.stringMatching(/^reading back: alpha was sha256:.*not any more$/),
  );
});

test('so are other bytes', async () => {
  let layer: string | undefined;
  instead = (path) => {
    if (!path.includes('/blobs/')) return path;
    layer ??= path;
    return layer;
  };
  const { failures } = await storm();
  expect(failures).toContainEqual(expect.stringMatching(/^pulling by blob: .* other bytes$/));
  expect(failures).toContainEqual(expect.stringMatching(/^pulling by range: .* other bytes$/));
});
