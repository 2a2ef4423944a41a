import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { collect, digestFromHex, digestOf } from '@kiln/base';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RegistryRepository } from './index.ts';
import type { RegistryCredential } from './index.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly body: string;
}

function* repeated(chunk: Uint8Array): Generator<Uint8Array> {
  for (;;) yield chunk;
}

type Answer = readonly [status: number, headers?: Record<string, string>, body?: string];

describe('a repository of a registry', () => {
  let server: http.Server;
  let registry: string;
  let seen: Seen[];
  let answer: (request: Seen) => Answer;
  /** Texts of answers are repeated without an end. */
  let isEndless: boolean;
  /** What was waited for before something was tried again. */
  let waits: number[];
  /** Breaks the connection after so many bytes of the next answer. */
  let breakAfter: number | undefined;

  beforeAll(async () => {
    server = http.createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const { authorization, range } = headers;
        const one = { method, url, authorization, range, body };
        seen.push(one);
        const [status, more = {}, text = ''] = answer(one);
        if (isEndless && text !== '') {
          response.writeHead(status, more);
          Readable.from(repeated(Buffer.alloc(2 ** 16, text))).pipe(response);
          return;
        }
        response.writeHead(status, { 'content-length': Buffer.byteLength(text), ...more });
        if (breakAfter === undefined || text === '') response.end(method === 'HEAD' ? '' : text);
        else response.write(text.slice(0, breakAfter), () => request.socket.destroy());
        if (text !== '') breakAfter = undefined;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());
  beforeEach(() => {
    seen = [];
    waits = [];
    isEndless = false;
    breakAfter = undefined;
  });

  const content = Buffer.from('content');
  const digest = digestFromHex(createHash('sha256').update(content).digest('hex'));
  const blob = { descriptor: { digest, sizeBytes: content.length }, open: () => [content] };
  const repository = (
    credential?: RegistryCredential,
    access: 'pull' | 'pull,push' = 'pull,push',
  ): RegistryRepository =>
    new RegistryRepository({
      registry,
      repository: 'team/app',
      access,
      credential: async () => credential,
      signal: new AbortController().signal,
      wait: async (ms) => void waits.push(ms),
    });
  const upload = ({ method, url }: Seen): Answer => {
    if (method === 'HEAD') return [404];
    if (method === 'POST') return [202, { location: '/v2/team/app/blobs/uploads/7?state=x' }];
    return url.includes('digest=') ? [201] : [400];
  };

  test('a blob that is there is not sent', async () => {
    answer = () => [200];
    await repository().pushBlob(blob);
    expect(seen.map(({ method }) => method)).toEqual(['HEAD']);
  });

  test('another is sent whole to where the registry says', async () => {
    answer = upload;
    await repository().pushBlob(blob);
    expect(seen.map(({ method }) => method)).toEqual(['HEAD', 'POST', 'PUT']);
    expect(seen[2]).toMatchObject({
      body: 'content',
      url: `/v2/team/app/blobs/uploads/7?state=x&digest=${encodeURIComponent(digest)}`,
    });
  });

  test('a challenge is met with a password, once for all that follows', async () => {
    answer = (request) =>
      request.authorization === undefined
        ? [401, { 'www-authenticate': 'Basic realm="x"' }]
        : upload(request);
    await repository({ kind: 'password', user: 'u', password: 'p' }).pushBlob(blob);
    const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
    expect(seen.map(({ authorization }) => authorization)).toEqual([
      undefined,
      basic,
      basic,
      basic,
    ]);
  });

  test('a challenge that only the root of a registry says is asked for once', async () => {
    const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
    answer = (request) => {
      if (request.url === '/v2/') return [401, { 'www-authenticate': 'Basic realm="x"' }];
      return request.authorization === basic ? upload(request) : [401];
    };
    const app = repository({ kind: 'password', user: 'u', password: 'p' });
    await Promise.all([app.pushBlob(blob), app.pushBlob(blob)]);
    expect(seen.filter(({ url }) => url === '/v2/')).toMatchObject([
      { method: 'GET', authorization: undefined },
    ]);
    expect(seen.filter(({ method }) => method === 'PUT')).toHaveLength(2);
  });

  test('a registry whose root wants nothing either is one clear error', async () => {
    answer = ({ url }) => [url === '/v2/' ? 200 : 401];
    const app = repository({ kind: 'password', user: 'u', password: 'p' });
    for (let count = 0; count < 2; count++)
      await expect(app.readManifest('latest')).rejects.toMatchObject({
        code: 'REGISTRY_CLIENT_REFUSED',
      });
    expect(seen.filter(({ url }) => url === '/v2/')).toHaveLength(1);
  });

  test('a host that a registry leads to chooses nobody who is shown credentials', async () => {
    const elsewhere = `http://${registry.replace('127.0.0.1', 'localhost')}`;
    answer = ({ url }) => {
      if (url.startsWith('/elsewhere'))
        return [401, { 'www-authenticate': `Bearer realm="http://${registry}/token"` }];
      return url.startsWith('/token')
        ? [200, {}, '{"token":"t"}']
        : [307, { location: `${elsewhere}/elsewhere` }];
    };
    const app = repository({ kind: 'password', user: 'u', password: 'p' });
    await expect(app.readManifest('latest')).rejects.toMatchObject({
      code: 'REGISTRY_CLIENT_ANSWER',
      message: expect.stringContaining('leads to localhost'),
    });
    expect(seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  test('a token is fetched for the repository', async () => {
    const challenge = (): Record<string, string> => ({
      'www-authenticate': `Bearer realm="http://${registry}/token",service="s"`,
    });
    answer = (request) => {
      if (request.url.startsWith('/token')) return [200, {}, '{"token":"t"}'];
      return request.authorization === 'Bearer t' ? upload(request) : [401, challenge()];
    };
    await repository().pushBlob(blob);
    expect(seen.find(({ url }) => url.startsWith('/token'))?.url).toBe(
      '/token?scope=repository%3Ateam%2Fapp%3Apull%2Cpush&service=s',
    );
  });

  test('a token service may lead elsewhere, where the password does not go', async () => {
    const elsewhere = registry.replace('127.0.0.1', 'localhost');
    const led = ['/token/here', `http://${elsewhere}/token/there`];
    for (const location of led) {
      answer = ({ url, authorization }) => {
        if (/^\/token\/.*here$/.test(url)) return [200, {}, '{"token":"t"}'];
        if (url.startsWith('/token')) return [302, { location }];
        const realm = `http://${registry}/token`;
        return authorization === 'Bearer t'
          ? [200]
          : [401, { 'www-authenticate': `Bearer realm="${realm}"` }];
      };
      await repository({ kind: 'password', user: 'u', password: 'p' }).pushBlob(blob);
    }
    const asked = seen.filter(({ url }) => /^\/token\/.*here$/.test(url));
    const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
    expect(asked.map(({ authorization }) => authorization)).toEqual([basic, undefined]);
  });

  test('answers that have no end are not read to it', async () => {
    isEndless = true;
    answer = ({ method }) => (method === 'HEAD' ? [404] : [400, {}, 'x']);
    await expect(repository().pushBlob(blob)).rejects.toMatchObject({
      message: expect.stringContaining('answered 400'),
    });
    answer = ({ url }) =>
      url.startsWith('/token')
        ? [200, {}, 'x']
        : [401, { 'www-authenticate': `Bearer realm="http://${registry}/token"` }];
    await expect(repository().pushBlob(blob)).rejects.toMatchObject({
      code: 'REGISTRY_CLIENT_ANSWER',
      message: expect.stringContaining('more than 262144 bytes'),
    });
  });

  test('credentials that are not taken, or are not there, are one clear error', async () => {
    answer = () => [401, { 'www-authenticate': 'Basic realm="x"' }];
    const refused = { code: 'REGISTRY_CLIENT_REFUSED', hint: expect.stringContaining('log in') };
    await expect(repository().pushBlob(blob)).rejects.toMatchObject(refused);
    const wrong = repository({ kind: 'password', user: 'u', password: 'secret' });
    const error: unknown = await wrong.pushBlob(blob).catch((caught: unknown) => caught);
    expect(error).toMatchObject(refused);
    expect(String(error)).not.toContain('secret');
  });

  test('what fails in a way that may pass is tried three times', async () => {
    let attempts = 0;
    answer = ({ method }) => {
      attempts += Number(method === 'PUT');
      return attempts < 3 ? [503] : [201];
    };
    const document = { mediaType: 'application/json', bytes: Buffer.from('{}') };
    await repository().pushManifest('latest', document);
    expect(attempts).toBe(3);
    expect(waits).toEqual([1000, 3000]);
    answer = () => [400, {}, '{"errors":[{"code":"NAME_INVALID","message":"no"}]}'];
    await expect(repository().pushManifest('latest', document)).rejects.toMatchObject({
      code: 'REGISTRY_CLIENT_ANSWER',
      message: expect.stringContaining('400 to manifest latest: NAME_INVALID: no'),
    });
  });

  test('a registry says how long it wants to be left alone, up to a minute', async () => {
    const document = { mediaType: 'application/json', bytes: Buffer.from('{}') };
    const said = ['5', '3600', 'Wed, 21 Oct 2026 07:28:00 GMT'];
    for (const after of said) {
      let attempts = 0;
      answer = () => (attempts++ === 0 ? [429, { 'retry-after': after }] : [201]);
      await repository().pushManifest('latest', document);
    }
    expect(waits).toEqual([5000, 60_000, 1000]);
    answer = () => [429];
    await expect(repository().pushManifest('latest', document)).rejects.toMatchObject({
      code: 'REGISTRY_CLIENT_ANSWER',
      hint: expect.stringMatching(/^try again later/),
    });
  });

  test('where nobody listens nothing is tried again', async () => {
    const [host = ''] = registry.split(':');
    const nobody = new RegistryRepository({
      registry: `${host}:1`,
      repository: 'team/app',
      access: 'pull',
      credential: async () => undefined,
      signal: new AbortController().signal,
      wait: async (ms) => void waits.push(ms),
    });
    await expect(nobody.readManifest('latest')).rejects.toMatchObject({
      code: 'REGISTRY_CLIENT_UNAVAILABLE',
      retry: 'later',
    });
    expect(waits).toEqual([]);
  });

  test('requests that are challenged at once ask for one credential and one token', async () => {
    answer = ({ url, authorization }) => {
      if (url.startsWith('/token')) return [200, {}, '{"token":"t"}'];
      return authorization === 'Bearer t'
        ? [200]
        : [401, { 'www-authenticate': `Bearer realm="http://${registry}/token"` }];
    };
    let asked = 0;
    const one = new RegistryRepository({
      registry,
      repository: 'team/app',
      access: 'pull,push',
      credential: async () => {
        asked += 1;
        return { kind: 'password', user: 'u', password: 'p' };
      },
      signal: new AbortController().signal,
    });
    await Promise.all([1, 2, 3, 4].map(() => one.pushBlob(blob)));
    expect(asked).toBe(1);
    expect(seen.filter(({ url }) => url.startsWith('/token'))).toHaveLength(1);
  });

  test('a token that could not be had is asked for again, and one that is not given is not', async () => {
    let attempts = 0;
    answer = ({ url, authorization }) => {
      if (url.startsWith('/token')) return attempts++ === 0 ? [500] : [200, {}, '{"token":"t"}'];
      return authorization === 'Bearer t'
        ? [200]
        : [401, { 'www-authenticate': `Bearer realm="http://${registry}/token"` }];
    };
    await repository().pushBlob(blob);
    expect(attempts).toBe(2);
    answer = ({ url }) =>
      url.startsWith('/token')
        ? [200, {}, '{}']
        : [401, { 'www-authenticate': `Bearer realm="http://${registry}/token"` }];
    seen = [];
    await expect(repository().pushBlob(blob)).rejects.toMatchObject({
      message: expect.stringContaining('gave no token (200)'),
    });
    expect(seen).toHaveLength(2);
  });

  test('what is pushed goes, whole and without the credentials, to where a registry wants it', async () => {
    const elsewhere = registry.replace('127.0.0.1', 'localhost');
    answer = ({ method, url, authorization }) => {
      if (url.startsWith('/elsewhere')) {
        if (method === 'POST') return [202, { location: '/elsewhere/7' }];
        return [201];
      }
      if (authorization === undefined) return [401, { 'www-authenticate': 'Basic realm="x"' }];
      if (method === 'HEAD') return [404];
      return [method === 'POST' ? 307 : 308, { location: `http://${elsewhere}/elsewhere/` }];
    };
    const one = repository({ kind: 'password', user: 'u', password: 'p' });
    await one.pushBlob(blob);
    expect(seen.at(-1)).toMatchObject({
      method: 'PUT',
      url: `/elsewhere/7?digest=${encodeURIComponent(digest)}`,
      body: 'content',
      authorization: undefined,
    });
    await one.pushManifest('latest', { mediaType: 'application/json', bytes: Buffer.from('{}') });
    expect(seen.at(-1)).toMatchObject({ method: 'PUT', url: '/elsewhere/', body: '{}' });
    answer = ({ method }) =>
      method === 'HEAD' ? [404] : [302, { location: `http://${elsewhere}/elsewhere/` }];
    await expect(one.pushBlob(blob)).rejects.toMatchObject({
      message: expect.stringContaining('answered 302'),
    });
  });

  const whole = async (from: AsyncIterable<Uint8Array> | undefined): Promise<string | undefined> =>
    from === undefined
      ? undefined
      : Buffer.from(await collect(from, 1000, () => new Error('long'))).toString();

  test('a private repository is read with a token for reading', async () => {
    answer = ({ url, authorization }) => {
      if (url.startsWith('/token')) return [200, {}, '{"token":"t"}'];
      return authorization === 'Bearer t'
        ? [200, {}, '{"manifest":1}']
        : [401, { 'www-authenticate': `Bearer realm="http://${registry}/token"` }];
    };
    const credential = { kind: 'password', user: 'u', password: 'p' } as const;
    const bytes = await repository(credential, 'pull').readManifest('latest');
    expect(Buffer.from(bytes ?? []).toString()).toBe('{"manifest":1}');
    expect(seen.find(({ url }) => url.startsWith('/token'))).toMatchObject({
      url: '/token?scope=repository%3Ateam%2Fapp%3Apull',
      authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
    });
  });

  test('what is not there is undefined, and what is too large is refused', async () => {
    answer = () => [404];
    expect(await repository().readManifest('latest')).toBeUndefined();
    expect(await repository().readBlob(digest)).toBeUndefined();
    expect(await repository().listReferrers(digest)).toEqual([]);
    answer = () => [200, {}, 'x'.repeat(2 ** 22 + 1)];
    await expect(repository().readManifest('latest')).rejects.toMatchObject({
      code: 'REGISTRY_CLIENT_ANSWER',
      message: expect.stringContaining('larger'),
    });
  });

  test('a part of a blob is read by a range, from registries that know none too', async () => {
    answer = ({ range }) =>
      range === 'bytes=2-4' ? [206, { 'content-range': 'bytes 2-4/7' }, 'nte'] : [500];
    expect(await whole(await repository().readBlob(digest, { start: 2, lengthBytes: 3 }))).toBe(
      'nte',
    );
    answer = () => [200, {}, 'content'];
    expect(await whole(await repository().readBlob(digest, { start: 2, lengthBytes: 3 }))).toBe(
      'nte',
    );
  });

  test('a blob whose connection breaks goes on where it was', async () => {
    breakAfter = 3;
    answer = ({ range }) =>
      range === undefined
        ? [200, {}, 'content']
        : [206, { 'content-range': 'bytes 3-6/7' }, 'tent'];
    expect(await whole(await repository().readBlob(digest))).toBe('content');
    expect(seen.map(({ range }) => range)).toEqual([undefined, 'bytes=3-']);
  });

  test('redirects are followed without the credentials, a few times', async () => {
    const elsewhere = registry.replace('127.0.0.1', 'localhost');
    answer = ({ url, authorization }) => {
      if (url === '/blob') return [200, {}, 'content'];
      return authorization === undefined
        ? [401, { 'www-authenticate': 'Basic realm="x"' }]
        : [307, { location: `http://${elsewhere}/blob` }];
    };
    const one = repository({ kind: 'password', user: 'u', password: 'p' }, 'pull');
    expect(await whole(await one.readBlob(digest))).toBe('content');
    expect(seen.at(-1)).toMatchObject({ url: '/blob', authorization: undefined });
    answer = ({ url }) => [302, { location: `${url}x` }];
    await expect(repository().readBlob(digest)).rejects.toMatchObject({
      code: 'REGISTRY_CLIENT_ANSWER',
      message: expect.stringContaining('more than 5 times'),
    });
    answer = () => [302, { location: 'ftp://example.org/x' }];
    await expect(repository().readBlob(digest)).rejects.toMatchObject({
      message: expect.stringContaining('without encryption'),
    });
  });

  test('nothing is uploaded to an address without encryption', async () => {
    const location = `ftp://${registry}/upload`;
    answer = ({ method }) => (method === 'HEAD' ? [404] : [202, { location }]);
    await expect(repository().pushBlob(blob)).rejects.toMatchObject({
      code: 'REGISTRY_CLIENT_ANSWER',
      message: expect.stringContaining('without encryption'),
    });
  });

  test('referrers come page by page, or from the tag that takes their place', async () => {
    const page = (name: string): string =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [
          {
            mediaType: 'application/vnd.oci.image.manifest.v1+json',
            size: 1,
            digest,
            artifactType: name,
          },
        ],
      });
    answer = ({ url }) =>
      url.endsWith('?next=1')
        ? [200, {}, page('b/b')]
        : [200, { link: `<${url}?next=1>; rel="next"` }, page('a/a')];
    const types = async (): Promise<unknown> =>
      (await repository().listReferrers(digest)).map(({ artifactType }) => artifactType);
    expect(await types()).toEqual(['a/a', 'b/b']);
    answer = ({ url }) =>
      url === `/v2/team/app/manifests/${digest.replace(':', '-')}` ? [200, {}, page('t/t')] : [404];
    expect(await types()).toEqual(['t/t']);
  });

  test('a manifest that is kept under the tag of its referrers, as copies are, has none', async () => {
    const manifest = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}';
    const own = digestOf(manifest);
    answer = ({ url }) =>
      url === `/v2/team/app/manifests/${own.replace(':', '-')}` ? [200, {}, manifest] : [404];
    expect(await repository().listReferrers(own)).toEqual([]);
  });
});
