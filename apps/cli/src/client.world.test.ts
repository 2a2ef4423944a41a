import fs from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { Client, findRunning } from './client.ts';

let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve)));
  server = undefined;
});

async function clientOf(
  listener: RequestListener,
  { name = 'Kiln', answerMs = 60_000 } = {},
): Promise<Client> {
  const started = createServer((request, response) => {
    response.setHeader('server', name);
    listener(request, response);
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return new Client((started.address() as AddressInfo).port, { answerMs });
}

async function streamed(client: Client): Promise<string> {
  let text = '';
  for await (const part of client.stream('/x')) text += part;
  return text;
}

async function* body(...parts: readonly (string | Error)[]): AsyncIterable<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}

async function exchanged(client: Client, source: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of client.exchange('/x', 'text/plain', source)) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe('a call', () => {
  const answering = (status: number, words: string): Promise<Client> =>
    clientOf((_request, response) => {
      response.statusCode = status;
      response.end(words);
    });

  test.each([
    [404, '{"error":{"code":"A_CODE","message":"m","hint":"h"}}', 'A_CODE', 'never'],
    [503, '{"error":{"code":"A_CODE","message":"m","hint":"h"}}', 'A_CODE', 'later'],
    [500, '{"error":{"code":1,"message":{}}}', 'FACTORY_UNREACHABLE', 'never'],
    [500, '{"error":null}', 'FACTORY_UNREACHABLE', 'never'],
    [502, '<html>', 'FACTORY_UNREACHABLE', 'never'],
    [200, '<html>', 'FACTORY_UNREACHABLE', 'never'],
    [200, '', 'FACTORY_UNREACHABLE', 'never'],
  ])('that is answered %s %s throws %s', async (status, words, code, retry) => {
    const client = await answering(status, words);
    await expect(client.call('GET', '/x')).rejects.toMatchObject({ code, retry });
  });
});

test('an answer that breaks off is to be tried later, whichever way it is asked for', async () => {
  const broken = await clientOf((_request, response) => {
    response.write('{"a":');
    setImmediate(() => response.destroy());
  });
  const refused = { code: 'FACTORY_UNREACHABLE', retry: 'later' };
  await expect(broken.call('GET', '/x')).rejects.toMatchObject(refused);
  await expect(streamed(broken)).rejects.toMatchObject(refused);
});

test('a server that is not there may not start, of which the supervisor tells', async () => {
  await expect(new Client(1).call('GET', '/x')).rejects.toMatchObject({
    code: 'FACTORY_UNREACHABLE',
    hint: expect.stringContaining('kiln logs supervisor'),
  });
});

test('JSON of what is no factory is not taken for an answer', async () => {
  const other = await clientOf((_request, response) => response.end('{"keys": []}'), {
    name: 'another',
  });
  const refused = {
    code: 'FACTORY_UNREACHABLE',
    message: expect.stringMatching(/^what answers is no factory/),
  };
  await expect(other.call('GET', '/x')).rejects.toMatchObject(refused);
  await expect(streamed(other)).rejects.toMatchObject(refused);
  await expect(exchanged(other, body('a'))).rejects.toMatchObject(refused);
});

describe('a factory that hangs', () => {
  const refused = {
    code: 'FACTORY_UNREACHABLE',
    message: 'the factory does not answer in time',
    retry: 'later',
  };

  test('before it answers is not waited for', async () => {
    const silent = await clientOf(() => undefined, { answerMs: 100 });
    await expect(silent.call('GET', '/x')).rejects.toMatchObject(refused);
    await expect(streamed(silent)).rejects.toMatchObject(refused);
    await expect(exchanged(silent, body('a'))).rejects.toMatchObject(refused);
  });

  test('in the middle of an answer is not waited for', async () => {
    const half = await clientOf((_request, response) => response.write('{'), { answerMs: 1000 });
    await expect(half.call('GET', '/x')).rejects.toMatchObject(refused);
  });

  test('is waited for while it streams what grows', async () => {
    const slow = await clientOf(
      (_request, response) => {
        response.write('a');
        setTimeout(() => response.end('b'), 1500);
      },
      { answerMs: 1000 },
    );
    expect(await streamed(slow)).toBe('ab');
  });
});

describe('an exchange', () => {
  test('is answered while it is asked', async () => {
    const client = await clientOf((request, response) => void request.pipe(response));
    const answered = Promise.withResolvers<undefined>();
    async function* source(): AsyncIterable<Uint8Array> {
      yield Buffer.from('first ');
      await answered.promise;
      yield Buffer.from('second');
    }
    const answers = client.exchange('/x', 'text/plain', source())[Symbol.asyncIterator]();
    expect(String((await answers.next()).value)).toBe('first ');
    answered.resolve(undefined);
    expect(String((await answers.next()).value)).toBe('second');
    expect((await answers.next()).done).toBe(true);
  });

  test('throws what the source throws, before its first byte and after', async () => {
    const client = await clientOf((request, response) => void request.pipe(response));
    await expect(exchanged(client, body(new Error('no source')))).rejects.toThrow('no source');
    await expect(exchanged(client, body('a', new Error('gone')))).rejects.toThrow('gone');
  });

  test('throws what the server says', async () => {
    const client = await clientOf((_request, response) => {
      response.statusCode = 400;
      response.end('{"error": {"code": "A_CODE", "message": "it is so", "hint": "do that"}}');
    });
    await expect(exchanged(client, body('a'))).rejects.toMatchObject({
      code: 'A_CODE',
      message: 'it is so',
      hint: 'do that',
    });
  });

  test('that breaks off, or is not answered, is to be tried later', async () => {
    const broken = await clientOf((_request, response) => {
      response.write('a');
      setImmediate(() => response.destroy());
    });
    const refused = { code: 'FACTORY_UNREACHABLE', retry: 'later' };
    await expect(exchanged(broken, body('a'))).rejects.toMatchObject(refused);
    await expect(exchanged(new Client(1), body('a'))).rejects.toMatchObject(refused);
  });
});

describe('the factory of a home', () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-home-'));
  afterAll(() => fs.rmSync(home, { recursive: true }));
  const run = path.join(home, 'run');

  test('does not run where there is none, or half a file of one', () => {
    expect(findRunning(home)).toBeUndefined();
    fs.mkdirSync(run);
    fs.writeFileSync(path.join(run, 'factory.json'), '{"pid":');
    expect(findRunning(home)).toBeUndefined();
  });

  test('is not said not to run where nobody can see it', () => {
    fs.rmSync(run, { recursive: true });
    fs.symlinkSync('run', run);
    expect(() => findRunning(home)).toThrow('ELOOP');
  });
});
