import { KilnError, digestOf } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { ServedGeneration } from '@kiln/factory';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { apkRepository } from './apk-repository.ts';
import { parseTarget } from './target.ts';

const key = { name: 'kiln.rsa.pub', pem: '-----BEGIN PUBLIC KEY-----\n' };

async function generations(blobs: MemoryBlobs, count: number): Promise<ServedGeneration[]> {
  const made: ServedGeneration[] = [];
  for (let number = 1; number <= count; number += 1) {
    const index = await blobs.put(Buffer.from(`index ${number}`));
    const apk = await blobs.put(Buffer.from(`apk ${number}`));
    made.push({
      number,
      indexBlob: index.digest,
      packages: new Map([[`zlib-1.3.${number}-r0.apk`, apk.digest]]),
      createdAt: Date.UTC(2026, 0, number),
    });
  }
  return made;
}

describe('an apk repository whose records or blobs cannot be read', () => {
  const secret = new Error('connect ENOENT /home/ada/kiln/.s.PGSQL.5432');
  const broken = (): Promise<never> => Promise.reject(secret);
  const blobs = new MemoryBlobs();
  const answerOf = async (generation: () => Promise<ServedGeneration>): Promise<unknown> => {
    const server = Fastify();
    await server.register(apkRepository, {
      blobs,
      keys: [],
      provenance: broken,
      generations: { current: generation, byNumber: generation, byDigest: generation },
    });
    const { statusCode, body, headers } = await server.inject('/apk/os/@1/x86_64/APKINDEX.tar.gz');
    await server.close();
    return [statusCode, body, headers['cache-control'], headers['content-length']];
  };

  it('says that something failed, and no more', async () => {
    const [made] = await generations(blobs, 1);
    const expected = [500, 'internal error\n', 'no-cache', '15'];
    expect(await answerOf(broken)).toEqual(expected);
    blobs.read = async function* () {
      yield await broken();
    };
    expect(await answerOf(async () => made!)).toEqual(expected);
  });
});

test('what can be tried later is answered so', async () => {
  const server = Fastify();
  const away = (): Promise<never> => Promise.reject(new Error('connection lost'));
  await server.register(apkRepository, {
    blobs: new MemoryBlobs(),
    keys: [],
    provenance: away,
    generations: { current: away, byNumber: away, byDigest: away },
    foreseen: () => new KilnError('DATABASE_UNAVAILABLE', 'away', { retry: 'later' }),
  });
  const { statusCode, headers, body } = await server.inject('/apk/os/x86_64/APKINDEX.tar.gz');
  await server.close();
  expect([statusCode, headers['retry-after'], body]).toEqual([
    503,
    '5',
    'not available at the moment\n',
  ]);
});

describe('an apk repository over HTTP', () => {
  let server: FastifyInstance;
  let made: ServedGeneration[];
  beforeAll(async () => {
    const blobs = new MemoryBlobs();
    made = await generations(blobs, 12);
    const said = await blobs.put(Buffer.from('how apk 3 was made'));
    const served = (repository: string, arch: string): readonly ServedGeneration[] =>
      repository === 'os' && arch === 'x86_64' ? made : [];
    server = Fastify();
    await server.register(apkRepository, {
      blobs,
      keys: [key],
      provenance: async (apk) => (apk === digestOf('apk 3') ? said.digest : undefined),
      generations: {
        current: async (repository, arch) => served(repository, arch).at(-1),
        byNumber: async (repository, arch, number) => served(repository, arch)[number - 1],
        byDigest: async (repository, arch, indexBlob) =>
          served(repository, arch).find((each) => each.indexBlob === indexBlob),
      },
    });
  });
  afterAll(() => server.close());
  const get = (url: string, headers: Record<string, string> = {}) =>
    server.inject({ url, headers });

  it('serves the current index, to be revalidated by its digest', async () => {
    const reply = await get('/apk/os/x86_64/APKINDEX.tar.gz');
    expect(reply.statusCode).toBe(200);
    expect(reply.body).toBe('index 12');
    expect(reply.headers).toMatchObject({
      'content-type': 'application/gzip',
      'content-length': '8',
      'cache-control': 'no-cache',
      etag: `"${digestOf('index 12')}"`,
      'last-modified': 'Mon, 12 Jan 2026 00:00:00 GMT',
    });
    const again = await get('/apk/os/x86_64/APKINDEX.tar.gz', {
      'if-none-match': String(reply.headers.etag),
    });
    expect(again.statusCode).toBe(304);
    expect(again.body).toBe('');
    const other = await get('/apk/os/x86_64/APKINDEX.tar.gz', { 'if-match': '"other"' });
    expect([other.statusCode, other.body]).toEqual([412, '']);
  });

  it('serves old generations by number and by digest, for ever', async () => {
    for (const selector of [
      '@3',
      `@${digestOf('index 3')}`,
      `@${digestOf('index 3').replace(':', '%3A')}`,
    ]) {
      const index = await get(`/apk/os/${selector}/x86_64/APKINDEX.tar.gz`);
      expect(index.body).toBe('index 3');
      expect(index.headers['cache-control']).toContain('immutable');
      expect((await get(`/apk/os/${selector}/x86_64/zlib-1.3.3-r0.apk`)).body).toBe('apk 3');
    }
  });

  it('shows in a generation only its own packages', async () => {
    expect((await get('/apk/os/@3/x86_64/zlib-1.3.2-r0.apk')).statusCode).toBe(404);
    expect((await get('/apk/os/@3/x86_64/zlib-1.3.4-r0.apk')).statusCode).toBe(404);
  });

  it('keeps the packages of recent generations reachable beside the current index', async () => {
    expect((await get('/apk/os/x86_64/zlib-1.3.12-r0.apk')).body).toBe('apk 12');
    expect((await get('/apk/os/x86_64/zlib-1.3.4-r0.apk')).body).toBe('apk 4');
    expect((await get('/apk/os/x86_64/zlib-1.3.3-r0.apk')).statusCode).toBe(404);
  });

  it('serves the provenance of a package beside it, and says that it may be signed again', async () => {
    const reply = await get('/apk/os/@3/x86_64/zlib-1.3.3-r0.apk.provenance.sigstore.json');
    expect([reply.statusCode, reply.body]).toEqual([200, 'how apk 3 was made']);
    expect(reply.headers).toMatchObject({
      'content-type': 'application/vnd.dev.sigstore.bundle.v0.3+json',
      'cache-control': 'no-cache',
    });
    for (const file of [
      'zlib-1.3.4-r0.apk.provenance.sigstore.json',
      'zlib-1.3.3-r0.provenance.sigstore.json',
      '.provenance.sigstore.json',
    ])
      expect([file, (await get(`/apk/os/@3/x86_64/${file}`)).statusCode]).toEqual([file, 404]);
  });

  it('answers ranges and HEAD', async () => {
    const url = '/apk/os/x86_64/zlib-1.3.12-r0.apk';
    const part = await get(url, { range: 'bytes=4-' });
    expect([part.statusCode, part.body, part.headers['content-range']]).toEqual([
      206,
      '12',
      'bytes 4-5/6',
    ]);
    const past = await get(url, { range: 'bytes=6-' });
    expect([past.statusCode, past.headers['content-range']]).toEqual([416, 'bytes */6']);
    const head = await server.inject({ method: 'HEAD', url });
    expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([200, '', '6']);
  });

  it('serves the public key at the top and beside the repository', async () => {
    for (const place of ['', 'os/', 'os/x86_64/', 'os/@1/', 'os/@1/x86_64/']) {
      const reply = await get(`/apk/${place}kiln.rsa.pub`);
      expect([reply.statusCode, reply.body]).toEqual([200, key.pem]);
    }
    expect((await get('/apk/other.rsa.pub')).statusCode).toBe(404);
  });

  it('answers what does not exist with 404 and a sentence', async () => {
    for (const url of [
      '/apk/none/x86_64/APKINDEX.tar.gz',
      '/apk/os/riscv64/APKINDEX.tar.gz',
      '/apk/os/@99/x86_64/APKINDEX.tar.gz',
      '/apk/os/@0/x86_64/APKINDEX.tar.gz',
      '/apk/os/x86_64/none-1-r0.apk',
      '/apk/os/x86_64/..%2f..%2fetc%2fpasswd',
      '/apk/os/%2e%2e/x86_64/APKINDEX.tar.gz',
      '/apk/',
    ]) {
      const reply = await get(url);
      expect([url, reply.statusCode]).toEqual([url, 404]);
      expect(reply.headers['content-type']).toContain('text/plain');
      expect(reply.body).toMatch(/^not found/);
    }
    expect(
      (await server.inject({ method: 'PUT', url: '/apk/os/x86_64/x-1-r0.apk' })).statusCode,
    ).toBe(404);
  });

  it('reads no number of a generation that no record can have', () => {
    const selected = (text: string): unknown => {
      const target = parseTarget(`os/@${text}/x86_64/APKINDEX.tar.gz`);
      return target?.kind === 'index' ? target.selector : undefined;
    };
    expect(selected('999999999')).toEqual({ kind: 'number', number: 999_999_999 });
    for (const text of ['0', '01', '-1', '2147483648', '999999999999999'])
      expect([text, selected(text)]).toEqual([text, undefined]);
  });

  it('reads no path into a name with a slash, whatever it is', () => {
    const segment = fc.constantFrom(
      'os',
      'x86_64',
      '@1',
      'a%2fb-1-r0.apk',
      'z-1-r0.apk',
      '..',
      '%2e%2e',
      'k.pub',
      '',
    );
    const namesOf = (segments: readonly string[]): string =>
      Object.values(parseTarget(segments.join('/')) ?? {}).join(' ');
    const property = fc.property(fc.array(fc.oneof(segment, fc.string())), (segments) => {
      return !/[/]|[.][.]/.test(namesOf(segments));
    });
    expect(fc.check(property).failed).toBe(false);
  });
});
