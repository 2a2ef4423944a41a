import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { fetchUrl } from './fetch-url.ts';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function textOf(url: string): Promise<string | undefined> {
  const content = await fetchUrl(url);
  if (content === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

test('redirects are followed to the content', async () => {
  const base = await serve((request, response) => {
    if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
    else response.end('content');
  });
  expect(await textOf(`${base}/a`)).toBe('content');
});

test('a page that is not there is no answer', async () => {
  const base = await serve((_request, response) => response.writeHead(404).end());
  expect(await textOf(base)).toBeUndefined();
});

test.for<readonly [string, RequestListener]>([
  ['an error of the server', (_request, response) => response.writeHead(503).end()],
  [
    'redirects without end',
    (_request, response) => response.writeHead(302, { location: '/' }).end(),
  ],
  [
    'a redirect to a file',
    (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  ],
  [
    'a connection that breaks',
    (_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('x');
      setTimeout(() => response.destroy(), 50);
    },
  ],
])('%s is reported as unavailable', async ([, listener]) => {
  const base = await serve(listener);
  await expect(textOf(base)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE', retry: 'later' });
});

test('a name that does not resolve is reported as unavailable', async () => {
  await expect(textOf('https://upstream.invalid/x')).rejects.toMatchObject({
    code: 'SOURCE_UNAVAILABLE',
  });
});

test('a user name or password of an address is neither sent nor told', async () => {
  const asked: string[] = [];
  const base = await serve((request, response) => {
    asked.push(request.url ?? '');
    const location = 'http://ada:secret-word@127.0.0.1:1/';
    response.writeHead(302, { location }).end();
  });
  for (const url of [
    base.replace('//', '//ada:secret-word@'),
    'https://ada:secret-word@:99999999/',
    'ada:secret-word@host',
    `${base}/redirect`,
  ]) {
    const error: unknown = await fetchUrl(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('secret-word');
  }
  expect(asked).toEqual(['/redirect']);
});
