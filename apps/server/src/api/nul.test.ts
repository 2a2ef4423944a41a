import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { apiPlugin } from './plugin.ts';
import { holdsNul } from './nul.ts';
import type { ApiOptions } from './routes.ts';
import { silentLogger } from '@kiln/base';

test('a request with a NUL is refused, before anything is asked with it', async () => {
  const server = Fastify();
  const api = new Proxy({}, { get: () => ({}) }) as ApiOptions;
  await server.register(async (scope) => apiPlugin(scope, { api, log: silentLogger }), {
    prefix: '/api',
  });
  const headers = { host: 'localhost' };
  for (const request of [
    { method: 'GET', url: '/api/packages/%00' },
    { method: 'GET', url: '/api/images/%00/components' },
    { method: 'GET', url: '/api/status?only=zlib&only=%00' },
    { method: 'POST', url: '/api/resync', payload: { keys: ['image:\0'] } },
  ] as const) {
    const answer = await server.inject({ ...request, headers });
    expect([request.url, answer.statusCode, answer.json()]).toEqual([
      request.url,
      400,
      { error: { code: 'API_INVALID', message: 'a text of the request has a NUL', hint: '' } },
    ]);
  }
});

test('a body deeper than the stack is looked through', () => {
  const nested = (text: string): unknown =>
    JSON.parse(`${'['.repeat(1e5)}"${text}"${']'.repeat(1e5)}`);
  expect([holdsNul(nested('a')), holdsNul(nested('\\u0000'))]).toEqual([false, true]);
});
