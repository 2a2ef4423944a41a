import type { Digest } from '@kiln/base';
import { digestOf } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { RegistryManifest } from '@kiln/factory';
import { MemoryRegistryState } from '@kiln/factory';
import { mediaTypes } from '@kiln/oci';
import type { FastifyInstance } from 'fastify';
import Fastify from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ociRegistry } from './registry.ts';

/** How many manifests with their annotations were in one answer of the state. */
let most = 0;

class CountingState extends MemoryRegistryState {
  override async referrers(
    ...asked: Parameters<MemoryRegistryState['referrers']>
  ): Promise<readonly RegistryManifest[]> {
    const found = await super.referrers(...asked);
    most = Math.max(most, found.length);
    return found;
  }

  override async manifests(
    repository: string,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, RegistryManifest>> {
    const found = await super.manifests(repository, digests);
    most = Math.max(most, found.size);
    return found;
  }
}

const subject = { mediaType: mediaTypes.manifest, size: 9, digest: digestOf('subject') };
let server: FastifyInstance;
let base: string;

beforeEach(async () => {
  most = 0;
  server = Fastify();
  await server.register(ociRegistry, {
    blobs: new MemoryBlobs(),
    state: new CountingState(),
    uploadsDirectory: '/nonexistent',
  });
  base = await server.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await server.close();
});

const call = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(new URL(path, base), init);

async function push(document: object, mediaType: string): Promise<object> {
  const body = JSON.stringify({ schemaVersion: 2, ...document });
  const digest = digestOf(body);
  const headers = { 'content-type': mediaType };
  const answer = await call(`/v2/a/manifests/${digest}`, { method: 'PUT', body, headers });
  expect(answer.status).toBe(201);
  return { mediaType, size: body.length, digest };
}

async function pushReferrers(count: number): Promise<readonly object[]> {
  const config = { mediaType: mediaTypes.empty, size: 2, digest: digestOf('{}') };
  const address = `/v2/a/blobs/uploads/?digest=${config.digest}`;
  expect((await call(address, { method: 'POST', body: '{}' })).status).toBe(201);
  const pushed: object[] = [];
  for (let at = 0; at < count; at += 1) {
    const annotations = { at: `${at}`, much: 'x'.repeat(1_000_000) };
    const document = { config, layers: [], subject, annotations };
    pushed.push(await push(document, mediaTypes.manifest));
  }
  return pushed;
}

test('of manifests with large annotations few are in memory, whoever asks for all of them', async () => {
  const pushed = await pushReferrers(20);
  await push({ manifests: pushed }, mediaTypes.index);
  const listed: unknown[] = [];
  let next: string | undefined = `/v2/a/referrers/${subject.digest}`;
  while (next !== undefined) {
    const { headers, text }: { headers: Headers; text: string } = await read(next);
    expect(text.length).toBeLessThan(4 * 1024 * 1024);
    listed.push(...(JSON.parse(text) as { readonly manifests: readonly unknown[] }).manifests);
    next = /^<(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
  }
  expect(listed).toHaveLength(20);
  expect(most).toBeLessThanOrEqual(8);
});

async function read(path: string): Promise<{ headers: Headers; text: string }> {
  const answer = await call(path);
  return { headers: answer.headers, text: await answer.text() };
}
