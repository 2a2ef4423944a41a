import { createReadStream } from 'node:fs';
import { silentLogger } from '@kiln/base';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { answerUnknown, refusing } from './refused-requests.ts';

async function answerTo(method: 'GET' | 'OPTIONS' | 'QUERY', url: string): Promise<unknown> {
  const refuse = refusing(silentLogger);
  const server = Fastify({
    routerOptions: { maxParamLength: 20 },
    frameworkErrors: (error, request, reply) => void refuse(error, request, reply),
  });
  server.setErrorHandler(refuse);
  server.setNotFoundHandler(answerUnknown);
  server.get('/v2/*', () => 'found');
  server.get('/api/keys/:key', () => {
    throw new Error('connect ENOENT /home/ada/kiln/.s.PGSQL.5432');
  });
  const answer = await server.inject({ method: method as 'GET', url });
  return [answer.statusCode, answer.json()];
}

const unsupported = { errors: [{ code: 'UNSUPPORTED', message: expect.any(String) as string }] };
const own = (code: string, message: unknown): object => ({ error: { code, message, hint: '' } });

test.each([
  ['GET', '/v2/a/manifests/%ff', 400, unsupported],
  ['QUERY', '/v2/', 400, unsupported],
  ['OPTIONS', '/v2/a/tags/list', 404, unsupported],
  ['GET', '/v2?%ff', 404, unsupported],
  ['GET', '/api/keys/%ff', 400, own('API_INVALID', expect.stringContaining('/api/keys/%ff'))],
  ['GET', `/api/keys/${'a'.repeat(21)}`, 414, own('API_INVALID', expect.any(String))],
  ['QUERY', '/api/status', 400, own('API_INVALID', expect.any(String))],
  ['GET', '/v2x', 404, own('API_NOT_FOUND', 'there is nothing here')],
  ['GET', '/api/keys/a', 500, own('INTERNAL', 'internal error')],
] as const)(
  '%s %s is answered in the shape that its clients read',
  async (method, url, status, body) => {
    expect(await answerTo(method, url)).toEqual([status, body]);
  },
);

test('what cannot be read is said in that shape too, whatever it was to be', async () => {
  const server = Fastify();
  server.setErrorHandler(refusing(silentLogger));
  server.get('/a.css', (_request, reply) =>
    reply
      .headers({ 'cache-control': 'immutable', 'content-type': 'text/css', etag: '"a"' })
      .send(createReadStream(import.meta.dirname)),
  );
  const answer = await server.inject({ method: 'GET', url: '/a.css' });
  expect([answer.statusCode, answer.json()]).toEqual([500, own('INTERNAL', 'internal error')]);
  expect(answer.headers).not.toHaveProperty('cache-control');
  expect(answer.headers).not.toHaveProperty('etag');
});
