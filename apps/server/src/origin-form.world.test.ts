import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { originForm } from './origin-form.ts';

test('a request that names the whole address is answered as one of its path, for the host it names', async () => {
  await using server = Fastify({ rewriteUrl: originForm });
  server.get('*', ({ url, host }) => ({ url, host }));
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const answerTo = async (target: string): Promise<unknown> => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.end(`GET ${target} HTTP/1.1\r\nHost: own\r\nConnection: close\r\n\r\n`);
    const [, body = ''] = (await text(socket)).split('\r\n\r\n');
    return JSON.parse(body);
  };
  const cases = [
    ['/v2/?n=1', '/v2/?n=1', 'own'],
    ['http://named:80/v2/', '/v2/', 'named:80'],
    ['HTTPS://named/v2/a?b=http://c/', '/v2/a?b=http://c/', 'named'],
    ['http://named', '/', 'named'],
    ['http://named?n=1', '/?n=1', 'named'],
    ['/http://named/', '/http://named/', 'own'],
  ] as const;
  for (const [target, url, host] of cases) expect(await answerTo(target)).toEqual({ url, host });
});
