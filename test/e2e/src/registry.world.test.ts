import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { emptyBytes, emptyDescriptor, mediaTypes } from '@kiln/oci';
import { distributionConformance } from '@kiln/oci-registry/conformance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InventedFactory } from './invented-factory.ts';
import { desiredKey, inventedFactory } from './invented-factory.ts';

let consoleFolder: string;
beforeAll(() => {
  consoleFolder = mkdtempSync(path.join(tmpdir(), 'kiln-registry-console-'));
});
afterAll(() => rmSync(consoleFolder, { recursive: true, force: true }));

// The server as it is shipped: PostgreSQL, blobs as files, the policy of who may push what.
distributionConformance(async () => {
  const factory = await inventedFactory(consoleFolder);
  return {
    url: () => factory.url,
    restart: async () => {
      await factory.stopServer();
      await factory.startServer();
    },
    close: async () => {
      await factory[Symbol.asyncDispose]();
    },
  };
});

describe('the registry of a factory', () => {
  let factory: InventedFactory;
  beforeAll(async () => {
    factory = await inventedFactory(consoleFolder);
  });
  afterAll(async () => {
    await factory[Symbol.asyncDispose]();
  });

  const call = (method: string, where: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(where, factory.url), { method, ...init });
  const push = async (repository: string, tag: string, of: string): Promise<Response> => {
    const uploads = `/v2/${repository}/blobs/uploads/?digest=${emptyDescriptor.digest}`;
    await call('POST', uploads, { body: Uint8Array.from(emptyBytes) });
    const empty = { mediaType: mediaTypes.empty, size: 2, digest: emptyDescriptor.digest };
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType: 'application/vnd.example',
      config: empty,
      layers: [empty],
      annotations: { of },
    };
    const headers = { 'content-type': mediaTypes.manifest };
    const body = JSON.stringify(document);
    return call('PUT', `/v2/${repository}/manifests/${tag}`, { body, headers });
  };

  it('refuses pushes to the tags of images that a catalog has', async () => {
    await factory.records.applyCatalog('catalog', [desiredKey('image:nginx')], []);
    const refused = await push('nginx', 'latest', 'a stranger');
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ errors: [{ code: 'DENIED' }] });
    expect((await push('strangers/nginx', 'latest', 'a stranger')).status).toBe(201);
  });

  it('tells when tags moved, page by page, also of those that were deleted', async () => {
    const repository = 'team/history';
    const first = await factory.ago(60_000, () => push(repository, 'latest', 'one'));
    await push(repository, 'old', 'one');
    const second = await push(repository, 'latest', 'two');
    await call('DELETE', `/v2/${repository}/manifests/old`);
    const read = async (query: string): Promise<Record<string, unknown>> => {
      const address = `/api/images/${encodeURIComponent(repository)}/history${query}`;
      const response = await call('GET', address);
      expect(response.status).toBe(200);
      return (await response.json()) as Record<string, unknown>;
    };
    const [one, two] = [first, second].map((each) => each.headers.get('docker-content-digest'));
    expect(await read('?tag=latest')).toMatchObject({
      repository,
      events: [
        { tag: 'latest', digest: two },
        { tag: 'latest', digest: one },
      ],
      next: null,
    });
    const page = await read('?limit=3');
    expect(page['events']).toMatchObject([{ tag: 'old', digest: null }, { tag: 'latest' }, {}]);
    const rest = await read(`?limit=3&before=${page['next'] as number}`);
    expect(rest).toMatchObject({ events: [{ tag: 'latest', digest: one }], next: null });
  });

  it('answers 404 for the history of a repository that is not, and 400 for a limit that is none', async () => {
    const missing = await call('GET', '/api/images/never/history');
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error: { code: 'API_NOT_FOUND' } });
    expect((await call('GET', '/api/images/nginx/history?limit=0')).status).toBe(400);
  });
});
