import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import Fastify from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sendBody } from './send-body.ts';

let server: FastifyInstance;
let client: Socket;
let ended: PromiseWithResolvers<void>;

/** Runs `between` when the second chunk is asked for. */
async function* chunks(between: () => void | Promise<void>): AsyncGenerator<Uint8Array> {
  try {
    yield new Uint8Array(1000);
    await between();
    for (;;) yield new Uint8Array(1000);
  } finally {
    ended.resolve();
  }
}

async function ask(paths: readonly string[]): Promise<void> {
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  client = connect(port, '127.0.0.1');
  client.on('error', () => undefined);
  client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`).join(''));
}

beforeEach(() => {
  server = Fastify();
  ended = Promise.withResolvers();
});

afterEach(async () => {
  client.destroy();
  await server.close();
});

test('a body ends with its connection, at whichever moment that is closed', async () => {
  server.get('/', async (request, reply) => {
    reply.header('content-length', '1000000');
    const arrived = once(client, 'data');
    const closing = async (): Promise<void> => {
      await arrived;
      // Until the event of it, what is written is passed over, and nobody is told.
      request.raw.socket.destroy();
    };
    await sendBody(reply, 200, chunks(closing));
    return reply;
  });
  await ask(['/']);
  await expect(ended.promise).resolves.toBeUndefined();
});

test('a body that waits for the answer before it ends with their connection', async () => {
  server.get('/first', async (_request, reply) => {
    reply.hijack();
    await ended.promise;
  });
  server.get('/second', async (_request, reply) => {
    reply.header('content-length', '1000000');
    await sendBody(
      reply,
      200,
      chunks(() => void client.destroy()),
    );
    return reply;
  });
  await ask(['/first', '/second']);
  await expect(ended.promise).resolves.toBeUndefined();
});
