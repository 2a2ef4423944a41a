import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '@kiln/base';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { apiPlugin } from './plugin.ts';
import type { ApiOptions } from './routes.ts';

interface Asked {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly payload?: object;
}

/** Asks an API with these ports; the others are away. Also what it says in `Retry-After`. */
async function answerAndRetry(
  request: Asked,
  ports: object = {},
  failure: Error = new Error('EACCES: permission denied, open /home/ada/kiln/blobs/a'),
): Promise<readonly [number, unknown, unknown]> {
  const away = (): Promise<never> => Promise.reject(failure);
  const port = new Proxy({}, { get: () => away });
  const views = { records: port, queue: port, registry: port };
  const api = new Proxy({ views, clock: { now: () => 0 }, ...ports } as unknown as ApiOptions, {
    get: (target, name) => Reflect.get(target, name) ?? port,
  });
  const server = Fastify();
  await server.register(async (scope) => apiPlugin(scope, { api, log: silentLogger }), {
    prefix: '/api',
  });
  const answer = await server.inject({ ...request, headers: { host: 'localhost' } });
  await server.close();
  return [answer.statusCode, answer.json(), answer.headers['retry-after']];
}

async function answerTo(request: Asked, ports: object = {}): Promise<readonly [number, unknown]> {
  const [status, body] = await answerAndRetry(request, ports);
  return [status, body];
}

test('of what nobody foresaw is said that it failed, and no more', async () => {
  for (const url of ['/api/keys', '/api/images/a/history', '/api/gc']) {
    expect(await answerAndRetry({ url })).toEqual([
      500,
      { error: { code: 'INTERNAL', message: 'internal error', hint: 'kiln logs server' } },
      undefined,
    ]);
  }
});

test('of a database that is away is said that it is, and when to ask again', async () => {
  const lost = new Error('connect ENOENT /home/ada/kiln/.s.PGSQL.5432');
  Object.assign(lost, { code: 'ENOENT', syscall: 'connect' });
  expect(await answerAndRetry({ url: '/api/keys' }, {}, lost)).toEqual([
    503,
    {
      error: {
        code: 'DATABASE_UNAVAILABLE',
        message: 'the database does not answer',
        hint: 'it is started again by itself: try again in a moment',
      },
    },
    '5',
  ]);
});

test('a selection has a catalog that is there', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kiln-selection-'));
  const selected: unknown[] = [];
  const ports = { select: async (selection: object) => void selected.push(selection) };
  const select = (catalog: string): Promise<readonly [number, unknown]> =>
    answerTo({ method: 'POST', url: '/api/selection', payload: { only: ['a'], catalog } }, ports);
  mkdirSync(path.join(folder, 'empty'));
  writeFileSync(path.join(folder, 'catalog.yaml'), 'name: a\n');
  const refused = (code: string): object => ({ error: { code } });
  expect(await select(path.join(folder, 'empty'))).toMatchObject([
    404,
    refused('CATALOG_NOT_FOUND'),
  ]);
  expect(await select('catalog')).toMatchObject([400, refused('API_INVALID')]);
  expect(selected).toEqual([]);
  expect((await select(folder))[0]).toBe(200);
  expect(selected).toEqual([{ only: ['a'], catalog: folder }]);
  rmSync(folder, { recursive: true });
});

test('a key may be named twice, and one that is not there is named', async () => {
  const enqueued: unknown[] = [];
  const records = { listDesired: async () => [{ key: 'image:a' }, { key: 'image:b' }] };
  const ports = {
    views: { records },
    queue: { enqueue: async (keys: object) => void enqueued.push(keys) },
  };
  const resync = (...keys: readonly string[]): Promise<readonly [number, unknown]> =>
    answerTo({ method: 'POST', url: '/api/resync', payload: { keys } }, ports);
  expect(await resync('image:b', 'image:b')).toEqual([200, { keys: ['image:b'] }]);
  expect(enqueued).toMatchObject([[{ key: 'image:b' }]]);
  expect(await resync('image:a', 'image:c')).toMatchObject([
    404,
    { error: { message: 'there is no key image:c' } },
  ]);
  expect(await resync()).toEqual([200, { keys: ['image:a', 'image:b'] }]);
});

test('no answer is kept by a browser or a proxy, and neither is a refusal', async () => {
  const server = Fastify();
  const records = { listDesired: async () => [] };
  const api = { views: { records, registry: { summaries: async () => [] } } };
  await server.register(
    async (scope) => apiPlugin(scope, { api: api as unknown as ApiOptions, log: silentLogger }),
    { prefix: '/api' },
  );
  for (const [url, host, status] of [
    ['/api/repositories', 'localhost', 200],
    ['/api/openapi.json', 'localhost', 200],
    ['/api/repositories?limit=x', 'localhost', 400],
    ['/api/repositories', 'evil.example', 400],
    ['/api/keys', 'localhost', 500],
  ] as const) {
    const answer = await server.inject({ url, headers: { host } });
    expect([url, answer.statusCode, answer.headers['cache-control']]).toEqual([
      url,
      status,
      'no-store',
    ]);
  }
  await server.close();
});

test.each([
  ['/api/keys/image:none', 'there is no key image:none', 'a kind and a name'],
  ['/api/images/none', 'there is no image none', 'kiln image ls'],
  ['/api/images/none/history', 'there is no repository none', 'kiln image ls --all'],
  ['/api/images/none/components', 'there is no repository none', 'kiln image ls --all'],
  ['/api/images/some/components', 'nobody said what some:latest is made of', 'kiln image history'],
])('what %s does not find is named, with what lists such things', async (url, message, hint) => {
  const records = { desired: async () => undefined, state: async () => undefined };
  const registry = {
    tag: async () => undefined,
    hasRepository: async (name: string) => name === 'some',
  };
  const components = { registry, components: {} };
  const ports = { views: { records, registry }, components, addresses: () => ({}) };
  expect(await answerTo({ url }, ports)).toEqual([
    404,
    { error: { code: 'API_NOT_FOUND', message, hint: expect.stringContaining(hint) as string } },
  ]);
});

test('another method of an address is refused with those that it has', async () => {
  const server = Fastify();
  const api = { views: {} } as unknown as ApiOptions;
  await server.register(async (scope) => apiPlugin(scope, { api, log: silentLogger }), {
    prefix: '/api',
  });
  const ask = async (method: 'DELETE' | 'GET' | 'POST', url: string): Promise<unknown> => {
    const headers = { host: 'localhost', 'content-type': 'text/odd' };
    const answer = await server.inject({ method, url, headers, payload: 'x' });
    return [answer.statusCode, answer.headers['allow'], answer.headers['server']];
  };
  expect(await ask('POST', '/api/images/a/history')).toEqual([405, 'GET, HEAD', 'Kiln']);
  expect(await ask('GET', '/api/selection')).toEqual([405, 'POST', 'Kiln']);
  expect(await ask('DELETE', '/api/gc')).toEqual([405, 'GET, HEAD, POST', 'Kiln']);
  expect(await ask('DELETE', '/api/compositions')).toEqual([405, 'POST', 'Kiln']);
  expect(await ask('GET', '/api/nothing')).toEqual([404, undefined, undefined]);
  await server.close();
});

test('of a log that cannot be read is said that it failed, as of anything else', async () => {
  const attempts = mkdtempSync(path.join(tmpdir(), 'kiln-api-'));
  mkdirSync(path.join(attempts, 'a.log'));
  const history = async (): Promise<unknown> => [{ attemptId: 'a', key: 'image:a', finishedAt: 1 }];
  expect(
    await answerTo({ url: '/api/keys/image:a/log?attempt=a' }, { attempts, queue: { history } }),
  ).toEqual([
    500,
    { error: { code: 'INTERNAL', message: 'internal error', hint: 'kiln logs server' } },
  ]);
  rmSync(attempts, { recursive: true });
});
