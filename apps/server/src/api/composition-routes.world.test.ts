import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Logger } from '@kiln/base';
import { jsonLogger, silentLogger, systemClock } from '@kiln/base';
import type { FastifyInstance } from 'fastify';
import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { expect, test } from 'vitest';
import { compositionRoutes, type CompositionPort } from './composition-routes.ts';

const port: CompositionPort = {
  async *compose(compositions) {
    for await (const { base } of compositions)
      yield { kind: 'refused', code: 'READ', message: base, hint: '' };
  },
};

function serverOf(compositions: CompositionPort, log: Logger): FastifyInstance {
  const server = Fastify();
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  compositionRoutes(server, compositions, log);
  return server;
}

async function answerTo(line: string | Uint8Array<ArrayBuffer>): Promise<unknown> {
  const server = serverOf(port, silentLogger);
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  const answer = await fetch(`${address}/compositions`, {
    method: 'POST',
    body: line,
    headers: { 'content-type': 'application/x-ndjson' },
  });
  const said: unknown = await answer.json();
  await server.close();
  return said;
}

test('what comes after a line that ends the answer is passed over, and the connection goes on', async () => {
  const server = serverOf(port, silentLogger);
  server.get('/next', () => 'next');
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port: number } = server.server.address() as AddressInfo;
  const socket = connect(number, '127.0.0.1');
  let answered = '';
  socket.on('data', (chunk) => (answered += String(chunk)));
  const body = 'x'.repeat(3_000_000);
  const head = 'content-type: application/x-ndjson\r\nhost: localhost\r\n';
  socket.write(`POST /compositions HTTP/1.1\r\n${head}content-length: ${body.length}\r\n\r\n`);
  socket.write(body);
  await expect.poll(() => answered).toContain('COMPOSE_BODY_INVALID');
  socket.write('GET /next HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  await expect.poll(() => answered).toMatch(/next$/);
  socket.destroy();
  await server.close();
});

test('an overlay arrives with all of its keys', async () => {
  const overlays: string[] = [];
  const server = serverOf(
    {
      async *compose(compositions) {
        for await (const { overlay, repository } of compositions) {
          overlays.push(overlay);
          yield { kind: 'refused', repository, code: 'A', message: '', hint: '' } as never;
        }
      },
    },
    silentLogger,
  );
  const texts = [
    '{"__proto__":{"a":1}}',
    '{"environment":{"__proto__":"a","constructor":"b"}}',
    '{"toString":1}',
  ];
  await server.inject({
    method: 'POST',
    url: '/compositions',
    headers: { 'content-type': 'application/x-ndjson' },
    payload: texts.map((text) => `{"base":"a","repository":"b","overlay":${text}}\n`).join(''),
  });
  await server.close();
  expect(overlays).toEqual(texts);
});

test.each(['[]', 'null', '1'])('an overlay is no %s', async (overlay) => {
  expect(await answerTo(`{"base":"a","repository":"b","overlay":${overlay}}\n`)).toMatchObject({
    error: { code: 'COMPOSE_BODY_INVALID', message: 'line 1: overlay: invalid input' },
  });
});

test('a name with a NUL is refused', async () => {
  for (const names of [
    { base: 'a\0', repository: 'b' },
    { base: 'a', repository: '\0' },
    { base: 'a', repository: 'b', tags: ['t\0'] },
  ])
    expect(await answerTo(`${JSON.stringify(names)}\n`)).toMatchObject({
      error: { code: 'COMPOSE_BODY_INVALID', message: expect.stringMatching(/: has a NUL$/) },
    });
});

test('a client that goes away is no failure of the server', async () => {
  const lines: string[] = [];
  const log = jsonLogger((line) => lines.push(line), systemClock, {});
  const ended = Promise.withResolvers<unknown>();
  const watched: CompositionPort = {
    async *compose(compositions) {
      try {
        yield* port.compose(compositions);
      } catch (error) {
        // Whoever is told of it says so before the next turn.
        setImmediate(() => ended.resolve(error));
        throw error;
      }
    },
  };
  const server = serverOf(watched, log);
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port: number } = server.server.address() as AddressInfo;
  const socket = connect(number, '127.0.0.1');
  server.server.once('request', () => socket.destroy());
  const head = 'content-type: application/x-ndjson\r\nhost: localhost\r\ncontent-length: 50\r\n';
  socket.write(`POST /compositions HTTP/1.1\r\n${head}\r\n{"base`);
  expect(await ended.promise).toMatchObject({ message: 'aborted' });
  await server.close();
  expect(lines).toEqual([]);
});

test('a line that is not JSON is refused with its number, blank ones counted, and with what a line has', async () => {
  expect(await answerTo('\n\n{base}\n')).toMatchObject({
    error: {
      code: 'COMPOSE_BODY_INVALID',
      message: 'line 3 is not JSON',
      hint: expect.stringContaining('overlay'),
    },
  });
});

test('a line that is not UTF-8 is refused', async () => {
  const line = Buffer.from('{"base": "a\xff", "repository": "b"}\n', 'latin1');
  expect(await answerTo(line)).toMatchObject({
    error: { code: 'COMPOSE_BODY_INVALID', message: 'line 1 is not UTF-8' },
  });
});

test('the answer begins before the first question', async () => {
  const server = serverOf(port, silentLogger);
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port: number } = server.server.address() as AddressInfo;
  const socket = connect(number, '127.0.0.1');
  let answered = '';
  socket.on('data', (chunk) => (answered += String(chunk)));
  const head = 'content-type: application/x-ndjson\r\nhost: localhost\r\ncontent-length: 34\r\n';
  socket.write(`POST /compositions HTTP/1.1\r\n${head}\r\n`);
  await expect.poll(() => answered).toMatch(/^HTTP\/1.1 200 /);
  socket.write('{"base": "a", "repository": "b"} \n');
  await expect.poll(() => answered).toContain('"READ"');
  socket.destroy();
  await server.close();
});
