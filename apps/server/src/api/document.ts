import { silentLogger } from '@kiln/base';
import Fastify from 'fastify';
import { apiPlugin } from './plugin.ts';
import type { ApiOptions } from './routes.ts';

/** Routes hold on to their ports when they are made and use them only when they are called, which never happens here. */
function unusedPort<T extends object>(): T {
  return new Proxy({} as T, {
    get: (_target, name) => {
      throw new Error(`assertion failed: ${String(name)} was used while the document was made`);
    },
  });
}

/** The OpenAPI 3.1 document of Kiln's own API, made from the route schemas without a factory. */
export async function openapiDocument(): Promise<object> {
  const server = Fastify({ logger: false });
  const api: ApiOptions = {
    views: unusedPort(),
    components: unusedPort(),
    retention: unusedPort(),
    compositions: unusedPort(),
    images: unusedPort(),
    queue: unusedPort(),
    clock: unusedPort(),
    attempts: '',
    addresses: () => unusedPort(),
    select: () => Promise.resolve(),
  };
  await server.register(async (scope) => apiPlugin(scope, { api, log: silentLogger }), {
    prefix: '/api',
  });
  const answer = await server.inject({ url: '/api/openapi.json', headers: { host: 'localhost' } });
  await server.close();
  return answer.json();
}
