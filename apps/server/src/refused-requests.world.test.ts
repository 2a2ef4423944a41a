import { once } from 'node:events';
import fs from 'node:fs';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import fastifyStatic from '@fastify/static';
import { silentLogger } from '@kiln/base';
import Fastify from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { answerUnknown, refusing } from './refused-requests.ts';

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-refused-'));
  fs.mkdirSync(path.join(folder, 'served'));
  fs.writeFileSync(path.join(folder, 'secret'), 'of the host');
  fs.writeFileSync(path.join(folder, 'served/page'), 'a page');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

test('nothing is at paths that lead out of the served folder, or that no file has', async () => {
  await using server = Fastify();
  server.setErrorHandler(refusing(silentLogger));
  await server.register(fastifyStatic, { root: path.join(folder, 'served') });
  server.setNotFoundHandler(answerUnknown);
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  // As it is written: a client of the platform would tidy it up.
  const answerTo = async (target: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`GET ${target} HTTP/1.1\r\nHost: own\r\nConnection: close\r\n\r\n`);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    return `${head.split(' ')[1]} ${body}`;
  };
  expect(await answerTo('/page')).toBe('200 a page');
  const unknown =
    '404 {"error":{"code":"API_NOT_FOUND","message":"there is nothing here","hint":""}}';
  for (const target of [
    '//page',
    '//images',
    '///',
    '//own/page',
    '/images//page',
    '/../secret',
    '/%2e%2e/secret',
    '/..%2fsecret',
    '/x/../../secret',
    '/%5c..%5c..%5csecret',
    '/./page',
    '/%00',
    `/${path.join(folder, 'secret')}`,
  ])
    expect([target, await answerTo(target)]).toEqual([target, unknown]);
});
