import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestFromHex } from '@kiln/base';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RegistryRepository } from './index.ts';
import type { RegistryCredential } from './index.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

type Answer = readonly [status: number, headers?: Record<string, string>, body?: string];

describe('pushing to a registry', () => {
  let server: http.Server;
  let registry: string;
  let seen: Seen[];
  let answer: (request: Seen) => Answer;

  beforeAll(async () => {
    server = http.createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const one = { method, url, authorization: headers.authorization, body };
        seen.push(one);
        const [status, more = {}, text = ''] = answer(one);
        response.writeHead(status, more).end(method === 'HEAD' ? undefined : text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());
  beforeEach(() => {
    seen = [];
  });

  const content = Buffer.from('content');
  const digest = digestFromHex(createHash('sha256').update(content).digest('hex'));
  const blob = { descriptor: { digest, sizeBytes: content.length }, open: () => [content] };
  const repository = (credential?: RegistryCredential): RegistryRepository =>
    new RegistryRepository({
      registry,
      repository: 'team/app',
      credential: async () => credential,
      signal: new AbortController().signal,
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
    answer = () => [400, {}, '{"errors":[{"code":"NAME_INVALID","message":"no"}]}'];
    await expect(repository().pushManifest('latest', document)).rejects.toMatchObject({
      code: 'REGISTRY_CLIENT_ANSWER',
      message: expect.stringContaining('400 to manifest latest: NAME_INVALID: no'),
    });
  });
});
