import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { distributionConformance } from '@kiln/oci-registry/conformance';
import type { RepositoryList } from '@kiln/server/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InventedFactory } from './invented-factory.ts';
import { desiredKey, inventedFactory } from './invented-factory.ts';
import { pushArtifact, pushBlob } from './push-artifact.ts';

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
  const push = (repository: string, tag: string, of: string): Promise<Response> =>
    pushArtifact(factory.url, { repository, tag, of });

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

  it('lists what it has page by page, and on request without the images of catalogs', async () => {
    // The catalog took a name that a client had pushed to; of nginx there is the blob of a push that was refused.
    await push('taken', 'latest', 'a stranger');
    await factory.records.applyCatalog('other', [desiredKey('image:taken')], []);
    await push('crowd/app', 'a', 'one');
    const newest = await push('crowd/app', 'b', 'two');
    await pushBlob(factory.url, 'crowd/blobs');
    const list = async (query: string): Promise<RepositoryList> => {
      const response = await call('GET', `/api/repositories${query}`);
      expect(response.status).toBe(200);
      return (await response.json()) as RepositoryList;
    };
    const page = await list('?limit=2');
    expect(page).toMatchObject({
      repositories: [
        {
          name: 'crowd/app',
          ofCatalog: false,
          tags: 2,
          newest: { tag: 'b', digest: newest.headers.get('docker-content-digest') },
        },
        { name: 'crowd/blobs', ofCatalog: false, tags: 0, newest: null },
      ],
      next: 'crowd/blobs',
    });
    const named = ({ repositories, next }: RepositoryList): readonly unknown[] => [
      repositories.map(({ name, ofCatalog }) => `${name}${ofCatalog ? ' *' : ''}`),
      next,
    ];
    expect(named(await list('?after=crowd/blobs'))).toEqual([
      ['nginx *', 'strangers/nginx', 'taken *', 'team/history'],
      null,
    ]);
    expect(named(await list('?after=crowd/blobs&others=true&limit=2'))).toEqual([
      ['strangers/nginx', 'team/history'],
      null,
    ]);
    for (const query of ['?limit=0', '?limit=1001', '?others=perhaps'])
      expect((await call('GET', `/api/repositories${query}`)).status).toBe(400);
  });

  it('answers what no route takes as clients of the address read it, and HEAD as GET', async () => {
    const registry = { errors: [{ code: 'UNSUPPORTED' }] };
    const own = { error: { code: 'API_INVALID' } };
    for (const [where, body] of [
      ['/v2/a/manifests/%ff', registry],
      ['/api/keys/%ff', own],
    ] as const) {
      const refused = await call('GET', where);
      expect([refused.status, await refused.json()]).toMatchObject([400, body]);
    }
    expect(await (await call('OPTIONS', '/v2/a/tags/list')).json()).toMatchObject(registry);
    const headers = { accept: 'text/html' };
    const page = await call('GET', '/images/nginx', { headers });
    expect((await call('HEAD', '/images/nginx', { headers })).status).toBe(page.status);
  });
});
