import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endSlowClients } from './slow-clients.ts';

let server: FastifyInstance;
const asked: unknown[] = [];

beforeEach(async () => {
  server = Fastify();
  endSlowClients(server, { bodyMs: 300, silentMs: 1500 });
  server.post('/whole', async (request) => String(asked.push(request.body)));
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.post('/kept', () => new Promise(() => undefined));
    scope.post('/read', async () => {
      await sleep(600);
      return 'read';
    });
  });
  server.get('/large', () => Readable.from(endless()));
  await server.listen({ host: '127.0.0.1', port: 0 });
});
async function* endless(): AsyncIterable<Uint8Array> {
  for (;;) yield new Uint8Array(1024 * 1024);
}
afterEach(async () => server.close());

/** What a client reads until the connection is closed, which sends `body` and no more. */
async function answerTo(address: string, body: string): Promise<string> {
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  const head = 'host: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n';
  socket.write(`POST ${address} HTTP/1.1\r\n${head}\r\n${body}`);
  let answer = '';
  for await (const chunk of socket) {
    answer += String(chunk);
    if (answer.endsWith('read')) break;
  }
  return answer;
}

test('a request whose body does not come is answered, and its connection closed', async () => {
  for (const address of ['/whole', '/nothing']) {
    const answer = await answerTo(address, '{"a":');
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain('the body of the request did not come in time');
  }
  expect(asked).toEqual([]);
  const whole = await fetch(
    `http://127.0.0.1:${(server.server.address() as AddressInfo).port}/whole`,
    {
      method: 'POST',
      body: '{"a": 1}',
      headers: { 'content-type': 'application/json' },
    },
  );
  expect([whole.status, asked]).toEqual([200, [{ a: 1 }]]);
});

test('who reads its body itself takes its time', async () => {
  expect(await answerTo('/read', '{"a":')).toMatch(/^HTTP\/1.1 200 /);
});

test('a client that reads no more, or sends no more, loses its connection', async () => {
  for (const request of [
    'GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n',
    'POST /kept HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n{"a',
  ]) {
    const lost = new Promise((resolve) =>
      server.server.once('connection', (connection) => connection.once('close', resolve)),
    );
    const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(request);
    await expect(lost).resolves.toBeDefined();
    socket.destroy();
  }
});
