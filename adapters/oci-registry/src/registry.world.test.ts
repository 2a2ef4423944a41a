import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KilnError, digestOf, messageOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import { MemoryRegistryState } from '@kiln/factory';
import { emptyBytes, emptyDescriptor, mediaTypes } from '@kiln/oci';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PushDecision, PushRequest } from './exchange.ts';
import { ociRegistry } from './registry.ts';

const layer = Buffer.from(Array.from({ length: 2048 }, (_, index) => index % 251));
const layerDigest = digestOf(layer);

describe('an OCI registry', () => {
  let directory: string;
  let server: FastifyInstance;
  let base: string;
  let now: number;
  let blobs: MemoryBlobs;
  let state: MemoryRegistryState;
  let decide: (push: PushRequest) => PushDecision;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kiln-registry-'));
    now = Date.now();
    blobs = new MemoryBlobs();
    state = new MemoryRegistryState({ clock: { now: () => now } });
    decide = () => ({ allowed: true });
    server = Fastify();
    await server.register(ociRegistry, {
      blobs,
      state,
      uploadsDirectory: directory,
      authorizePush: (push) => decide(push),
      clock: { now: () => now },
      foreseen: (error) =>
        messageOf(error) === 'database: connection lost'
          ? new KilnError('DATABASE_UNAVAILABLE', 'away', { retry: 'later' })
          : undefined,
      limits: {
        blobBytesMax: 1_000_000,
        uploadsMax: 3,
        pageItemsMax: 5,
        tagsPerPushMax: 12,
        idleMs: 2000,
      },
    });
    base = await server.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(async () => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  const call = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(path, base), { method, ...init });
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    call('GET', path, { headers });
  const pushBlob = (repository: string, bytes: Uint8Array<ArrayBuffer>): Promise<Response> =>
    call('POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`, { body: bytes });
  const start = async (repository = 'a'): Promise<string> =>
    (await call('POST', `/v2/${repository}/blobs/uploads/`)).headers.get('location') ?? '';
  const codeOf = async (response: Response): Promise<unknown> =>
    ((await response.json()) as { errors: { code: string }[] }).errors[0]?.code;
  const pushManifest = (
    path: string,
    document: object,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    call('PUT', path, {
      body: JSON.stringify(document),
      headers: { 'content-type': mediaTypes.manifest, ...headers },
    });
  const artifact = (more: object = {}): object => ({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: 'application/vnd.example',
    config: { mediaType: mediaTypes.empty, size: 2, digest: emptyDescriptor.digest },
    layers: [],
    ...more,
  });
  const digestOfJson = (document: object): Digest => digestOf(JSON.stringify(document));
  const empty = Uint8Array.from(emptyBytes);

  it('says that it speaks the API', async () => {
    const response = await get('/v2/');
    expect(response.status).toBe(200);
    expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
    expect((await get('/v2')).status).toBe(200);
  });

  it('takes a blob in one request and serves it whole, in part and conditionally', async () => {
    const pushed = await pushBlob('a/b', layer);
    expect(pushed.status).toBe(201);
    const location = pushed.headers.get('location') ?? '';
    const whole = await get(location);
    expect(digestOf(await whole.bytes())).toBe(layerDigest);
    expect(whole.headers.get('docker-content-digest')).toBe(layerDigest);
    const part = await get(location, { range: 'bytes=500-1499' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 500-1499/2048']);
    expect(Buffer.compare(await part.bytes(), layer.subarray(500, 1500))).toBe(0);
    expect((await get(location, { range: 'bytes=5000-10000' })).status).toBe(416);
    expect((await get(location, { range: 'bytes=500-0' })).status).toBe(416);
    expect((await get(location, { 'if-none-match': `"${layerDigest}"` })).status).toBe(304);
    const head = await call('HEAD', location);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '2048']);
  });

  it('shows a blob only where it was pushed, until it is mounted', async () => {
    await pushBlob('a', layer);
    expect((await get(`/v2/b/blobs/${layerDigest}`)).status).toBe(404);
    const anonymous = await call('POST', `/v2/b/blobs/uploads/?mount=${layerDigest}`);
    expect(anonymous.status).toBe(202);
    const elsewhere = await call('POST', `/v2/b/blobs/uploads/?mount=${layerDigest}&from=c`);
    expect(elsewhere.status).toBe(202);
    const mounted = await call('POST', `/v2/b/blobs/uploads/?mount=${layerDigest}&from=a`);
    expect([mounted.status, mounted.headers.get('docker-content-digest')]).toEqual([
      201,
      layerDigest,
    ]);
    expect((await get(`/v2/b/blobs/${layerDigest}`)).status).toBe(200);
  });

  it('takes a blob in chunks, strictly in order, and resumes where it stands', async () => {
    const location = await start();
    const chunk = (from: number, to: number): Promise<Response> =>
      call('PATCH', location, {
        body: layer.subarray(from, to),
        headers: { 'content-range': `${from}-${to - 1}` },
      });
    expect((await chunk(100, 200)).status).toBe(416);
    const untouched = await get(location);
    expect([untouched.status, untouched.headers.get('range')]).toEqual([204, '0-0']);
    const first = await chunk(0, 1000);
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-999']);
    expect((await chunk(0, 1000)).status).toBe(416);
    expect((await chunk(1001, 2000)).status).toBe(416);
    const wrongEnd = await call('PUT', `${location}?digest=${layerDigest}`, {
      body: layer.subarray(1500),
      headers: { 'content-range': '1500-2047' },
    });
    expect(wrongEnd.status).toBe(416);
    expect((await get(location)).headers.get('range')).toBe('0-999');
    const last = await call('PUT', `${location}?digest=${layerDigest}`, {
      body: layer.subarray(1000),
      headers: { 'content-range': '1000-2047' },
    });
    expect(last.status).toBe(201);
    expect((await get(`/v2/a/blobs/${layerDigest}`)).status).toBe(200);
    expect((await get(location)).status).toBe(404);
    expect(await readdir(directory)).toEqual([]);
  });

  it('takes a stream of unknown length', async () => {
    const location = await start();
    const body = ReadableStream.from([layer.subarray(0, 7), layer.subarray(7)]);
    const patched = await call('PATCH', location, { body, duplex: 'half' } as RequestInit);
    expect([patched.status, patched.headers.get('range')]).toEqual([202, '0-2047']);
    expect((await call('PUT', `${location}?digest=${layerDigest}`)).status).toBe(201);
  });

  it('refuses chunks that are not as long as their range, and keeps what it had', async () => {
    const location = await start();
    const patch = (body: Uint8Array<ArrayBuffer>, range: string): Promise<Response> =>
      call('PATCH', location, { body, headers: { 'content-range': range } });
    expect((await patch(layer.subarray(0, 10), '0-4')).status).toBe(400);
    expect((await patch(layer.subarray(0, 10), '0-19')).status).toBe(400);
    expect((await patch(layer.subarray(0, 10), 'bytes 0-9/10')).status).toBe(416);
    expect((await patch(layer.subarray(0, 10), '9-0')).status).toBe(416);
    expect((await get(location)).headers.get('range')).toBe('0-0');
    expect((await patch(layer.subarray(0, 10), '0-9')).status).toBe(202);
  });

  it('keeps what arrived of a connection that broke', async () => {
    const location = await start();
    const { port } = server.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: 2048\r\n\r\n`);
    socket.write(layer.subarray(0, 700));
    const arrived = async (): Promise<string | null> => (await get(location)).headers.get('range');
    await expect.poll(arrived).toBe('0-699');
    socket.destroy();
    const resume = (): Promise<Response> =>
      call('PATCH', location, {
        body: layer.subarray(700),
        headers: { 'content-range': '700-2047' },
      });
    await expect.poll(async () => (await resume()).status).toBe(202);
    expect((await call('PUT', `${location}?digest=${layerDigest}`)).status).toBe(201);
  });

  it('closes a connection on which nothing arrives any more, and lets the upload go on', async () => {
    const location = await start();
    const { port } = server.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.write(`PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: 2048\r\n\r\n`);
    socket.write(layer.subarray(0, 700));
    await closed;
    const resume = (): Promise<Response> =>
      call('PATCH', location, {
        body: layer.subarray(700),
        headers: { 'content-range': '700-2047' },
      });
    await expect.poll(async () => (await resume()).status).toBe(202);
  });

  it('refuses content with another digest, whichever way it comes', async () => {
    const other = digestOf('other');
    expect(
      (await call('POST', `/v2/a/blobs/uploads/?digest=${other}`, { body: layer })).status,
    ).toBe(400);
    const location = await start();
    const finished = await call('PUT', `${location}?digest=${other}`, { body: layer });
    expect([finished.status, await codeOf(finished)]).toEqual([400, 'DIGEST_INVALID']);
    expect((await call('PUT', `${location}?digest=sha512:abc`, { body: layer })).status).toBe(400);
    expect((await call('PUT', location, { body: layer })).status).toBe(400);
    expect((await call('POST', '/v2/a/blobs/uploads/?digest-algorithm=md5')).status).toBe(400);
    expect((await get(`/v2/a/blobs/${other}`)).status).toBe(404);
    expect((await call('PUT', `${location}?digest=${layerDigest}`, { body: layer })).status).toBe(
      201,
    );
  });

  it('answers 503 while its records are away, and lets an upload that was to end then end later', async () => {
    const away = vi
      .spyOn(state, 'publish')
      .mockImplementation(() => Promise.reject(new Error('database: connection lost')));
    const whole = await start();
    const chunked = await start();
    await call('PATCH', chunked, { body: layer });
    const pushed = [
      await pushBlob('a', layer),
      await call('PUT', `${whole}?digest=${layerDigest}`, { body: layer }),
      await call('PUT', `${chunked}?digest=${layerDigest}`),
    ];
    for (const answer of pushed) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await codeOf(answer)).toBe('UNAVAILABLE');
    }
    expect((await get(whole)).headers.get('range')).toBe('0-0');
    expect((await get(chunked)).headers.get('range')).toBe('0-2047');
    away.mockImplementationOnce(() => Promise.reject(new Error('of another kind')));
    expect((await pushBlob('a', layer)).status).toBe(500);
    away.mockRestore();
    expect((await call('PUT', `${whole}?digest=${layerDigest}`, { body: layer })).status).toBe(201);
    expect((await call('PUT', `${chunked}?digest=${layerDigest}`)).status).toBe(201);
    expect(await readdir(directory)).toEqual([]);
  });

  it('knows an upload only under the repository that started it', async () => {
    const location = await start('a');
    expect((await get(location.replace('/v2/a/', '/v2/b/'))).status).toBe(404);
    expect((await get('/v2/a/blobs/uploads/..%2f..%2fx')).status).toBe(404);
    expect((await call('DELETE', location)).status).toBe(204);
    expect((await call('DELETE', location)).status).toBe(404);
    const patched = await call('PATCH', location, { body: layer });
    expect([patched.status, await codeOf(patched)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
  });

  it('bounds blobs, uploads under way and manifests', async () => {
    const large = new Uint8Array(1_000_001);
    expect((await pushBlob('a', large)).status).toBe(413);
    const location = await start();
    expect((await call('PATCH', location, { body: large })).status).toBe(413);
    expect((await get(location)).headers.get('range')).toBe('0-0');
    await start();
    await start();
    const refused = await call('POST', '/v2/a/blobs/uploads/');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    now += 25 * 60 * 60 * 1000;
    expect((await call('POST', '/v2/a/blobs/uploads/')).status).toBe(202);
    const padding = 'x'.repeat(4 * 1024 * 1024);
    expect((await pushManifest('/v2/a/manifests/big', artifact({ padding }))).status).toBe(413);
  });

  it('lets an upload that nobody goes on with give way to a new one, an empty one first', async () => {
    /** A session that got its last byte so long ago. */
    const idle = async (seconds: number, body?: Uint8Array<ArrayBuffer>): Promise<string> => {
      const location = await start();
      if (body !== undefined) await call('PATCH', location, { body });
      const id = location.slice(location.lastIndexOf('/') + 1);
      const [name = ''] = (await readdir(directory)).filter((each) => each.startsWith(id));
      await utimes(join(directory, name), now / 1000 - seconds, now / 1000 - seconds);
      return location;
    };
    const left = async (...locations: readonly string[]): Promise<number[]> =>
      Promise.all(locations.map(async (location) => (await get(location)).status));
    const [begun, empty, late] = [await idle(50, layer), await idle(40), await idle(30, layer)];
    expect((await call('POST', '/v2/a/blobs/uploads/')).status).toBe(429);
    now += 40_000;
    const other = await idle(0, layer);
    expect(await left(begun, empty, late, other)).toEqual([204, 404, 204, 204]);
    await start();
    expect(await left(begun, late, other)).toEqual([404, 204, 204]);
    expect((await call('PUT', `${late}?digest=${layerDigest}`)).status).toBe(201);
  });

  it('serves a manifest byte for byte by tag and digest', async () => {
    await pushBlob('a', empty);
    const text = `${JSON.stringify(artifact(), undefined, 3)}\n`;
    const headers = { 'content-type': mediaTypes.manifest };
    const pushed = await call('PUT', '/v2/a/manifests/v1', { body: text, headers });
    expect([pushed.status, pushed.headers.get('docker-content-digest')]).toEqual([
      201,
      digestOf(text),
    ]);
    for (const reference of ['v1', digestOf(text)]) {
      const response = await get(`/v2/a/manifests/${reference}`);
      expect(await response.text()).toBe(text);
      expect(response.headers.get('content-type')).toBe(mediaTypes.manifest);
      expect(response.headers.get('docker-content-digest')).toBe(digestOf(text));
    }
    expect(
      (await get('/v2/a/manifests/v1', { 'if-none-match': `"${digestOf(text)}"` })).status,
    ).toBe(304);
    const other = await get('/v2/a/manifests/v1', { 'if-match': `"${digestOf('other')}"` });
    expect([other.status, await other.text()]).toEqual([412, '']);
    const missing = await get('/v2/a/manifests/v2');
    expect([missing.status, await codeOf(missing)]).toEqual([404, 'MANIFEST_UNKNOWN']);
    expect((await get('/v2/a/manifests/sha256:bad')).status).toBe(400);
  });

  it('refuses a manifest whose content is not in the repository or has another size', async () => {
    await pushBlob('other', empty);
    const missing = await pushManifest('/v2/a/manifests/v1', artifact());
    expect([missing.status, await codeOf(missing)]).toEqual([404, 'MANIFEST_BLOB_UNKNOWN']);
    await pushBlob('a', empty);
    const config = { mediaType: mediaTypes.empty, size: 3, digest: emptyDescriptor.digest };
    expect((await pushManifest('/v2/a/manifests/v1', artifact({ config }))).status).toBe(400);
    expect((await pushManifest(`/v2/a/manifests/${layerDigest}`, artifact())).status).toBe(400);
    expect((await get('/v2/a/manifests/v1')).status).toBe(404);
  });

  it('moves several tags at once when a push by digest names them', async () => {
    await pushBlob('a', empty);
    const digest = digestOfJson(artifact());
    const response = await pushManifest(`/v2/a/manifests/${digest}?tag=x&tag=y`, artifact());
    expect([response.status, response.headers.get('oci-tag')]).toEqual([201, 'x, y']);
    expect(await state.tagsOf('a', digest)).toEqual(['x', 'y']);
    const many = Array.from({ length: 13 }, (_, index) => `tag=t${index}`).join('&');
    expect((await pushManifest(`/v2/a/manifests/${digest}?${many}`, artifact())).status).toBe(414);
  });

  it('moves a tag only from where a conditional push saw it', async () => {
    await pushBlob('a', empty);
    const [one, two] = [artifact(), artifact({ annotations: { n: '2' } })];
    const push = (document: object, headers: Record<string, string>): Promise<Response> =>
      pushManifest('/v2/a/manifests/v1', document, headers);
    expect((await push(one, { 'if-match': `"${digestOfJson(one)}"` })).status).toBe(412);
    expect((await push(one, { 'if-none-match': '*' })).status).toBe(201);
    expect((await push(two, { 'if-none-match': '*' })).status).toBe(412);
    expect((await push(two, { 'if-match': `"${digestOfJson(two)}"` })).status).toBe(412);
    expect((await push(two, { 'if-match': `"${digestOfJson(one)}"` })).status).toBe(201);
    expect((await state.tag('a', 'v1'))?.digest).toBe(digestOfJson(two));
  });

  it('lists tags in byte order, page by page', async () => {
    expect((await get('/v2/a/tags/list')).status).toBe(404);
    await pushBlob('a', empty);
    const tags = ['b', 'B', 'a', '1', 'c', '_', 'd'];
    for (const tag of tags) await pushManifest(`/v2/a/manifests/${tag}`, artifact());
    const listed: string[] = [];
    let next: string | undefined = '/v2/a/tags/list?n=3';
    while (next !== undefined) {
      const response = await get(next);
      listed.push(...((await response.json()) as { tags: string[] }).tags);
      next = /^<(.*)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
    }
    expect(listed).toEqual(tags.toSorted());
    const none = await get('/v2/a/tags/list?n=0');
    expect([await none.json(), none.headers.get('link')]).toEqual([{ name: 'a', tags: [] }, null]);
    const whole = await get('/v2/a/tags/list?n=9223372036854775807');
    expect(await whole.json()).toEqual({ name: 'a', tags: tags.toSorted().slice(0, 5) });
    expect((await get('/v2/a/tags/list?n=x')).status).toBe(400);
    expect((await get('/v2/a/tags/list?last=_%00')).status).toBe(200);
    expect(await (await get('/v2/_catalog')).json()).toEqual({ repositories: ['a'] });
  });

  it('lists the referrers of a subject, filtered and page by page, whether it exists or not', async () => {
    const subject = { mediaType: mediaTypes.manifest, size: 9, digest: digestOf('absent') };
    const untouched = await get(`/v2/never/pushed/referrers/${subject.digest}`);
    expect(untouched.headers.get('content-type')).toBe(mediaTypes.index);
    expect(await untouched.json()).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [],
    });
    await pushBlob('a', empty);
    for (let index = 0; index < 7; index += 1) {
      const artifactType = `application/vnd.example.${index % 2}`;
      const pushed = await pushManifest(
        `/v2/a/manifests/r${index}`,
        artifact({ subject, artifactType, annotations: { n: `${index}` } }),
      );
      expect(pushed.headers.get('oci-subject')).toBe(subject.digest);
    }
    const walk = async (
      first: string,
    ): Promise<{ annotations: { n: string }; artifactType: string }[]> => {
      const response = await get(first);
      const page = (
        (await response.json()) as {
          manifests: { annotations: { n: string }; artifactType: string }[];
        }
      ).manifests;
      const next = /<(.*)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
      return next === undefined ? page : [...page, ...(await walk(next))];
    };
    const all = await walk(`/v2/a/referrers/${subject.digest}?n=2`);
    expect(all.map((each) => each.annotations.n).sort()).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
    ]);
    const filtered = await walk(
      `/v2/a/referrers/${subject.digest}?n=2&artifactType=application/vnd.example.1`,
    );
    expect(filtered.map((each) => each.annotations.n).sort()).toEqual(['1', '3', '5']);
    const applied = await get(
      `/v2/a/referrers/${subject.digest}?artifactType=application/vnd.example.1`,
    );
    expect(applied.headers.get('oci-filters-applied')).toBe('artifactType');
    expect((await get('/v2/a/referrers/sha256:x')).status).toBe(400);
  });

  it('deletes a tag or a manifest only where the conditions of the request hold', async () => {
    await pushBlob('a', empty);
    const [one, two] = [artifact(), artifact({ annotations: { n: '2' } })];
    await pushManifest('/v2/a/manifests/v1', two);
    const digest = digestOfJson(one);
    await pushManifest('/v2/a/manifests/v1', one);
    const remove = async (reference: string, headers: Record<string, string>): Promise<number> =>
      (await call('DELETE', `/v2/a/manifests/${reference}`, { headers })).status;
    const [here, elsewhere] = [`"${digest}"`, `"${digestOfJson(two)}"`];
    for (const reference of ['v1', digest]) {
      expect(await remove(reference, { 'if-match': elsewhere })).toBe(412);
      expect(await remove(reference, { 'if-none-match': '*' })).toBe(412);
      expect(await remove(reference, { 'if-none-match': `${elsewhere}, ${here}` })).toBe(412);
      expect((await get(`/v2/a/manifests/${reference}`)).status).toBe(200);
      const held = { 'if-match': `${elsewhere}, ${here}`, 'if-none-match': elsewhere };
      expect(await remove(reference, held)).toBe(202);
      expect(await remove(reference, { 'if-match': elsewhere })).toBe(404);
      expect(await remove(reference, { 'if-none-match': '*' })).toBe(404);
    }
    // Between the look at the tag and its deletion it moves.
    await pushManifest('/v2/a/manifests/v1', one);
    const look = state.tag.bind(state);
    const moving = vi.spyOn(state, 'tag').mockImplementationOnce(async (repository, tag) => {
      const found = await look(repository, tag);
      await state.moveTag(repository, { tag, digest: digestOfJson(two), expected: 'any' });
      return found;
    });
    expect(await remove('v1', { 'if-match': here })).toBe(412);
    moving.mockRestore();
    expect((await state.tag('a', 'v1'))?.digest).toBe(digestOfJson(two));
    expect(await remove('v1', { 'if-match': '*' })).toBe(202);
  });

  it('deletes tags, manifests with their tags, and blobs', async () => {
    await pushBlob('a', empty);
    const digest = digestOfJson(artifact());
    for (const tag of ['x', 'y']) await pushManifest(`/v2/a/manifests/${tag}`, artifact());
    expect((await call('DELETE', '/v2/a/manifests/x')).status).toBe(202);
    expect((await get('/v2/a/manifests/x')).status).toBe(404);
    expect((await get(`/v2/a/manifests/${digest}`)).status).toBe(200);
    expect((await call('DELETE', `/v2/a/manifests/${digest}`)).status).toBe(202);
    expect((await get('/v2/a/manifests/y')).status).toBe(404);
    expect((await call('DELETE', `/v2/a/manifests/${digest}`)).status).toBe(404);
    expect((await call('DELETE', `/v2/a/blobs/${emptyDescriptor.digest}`)).status).toBe(202);
    expect((await call('HEAD', `/v2/a/blobs/${emptyDescriptor.digest}`)).status).toBe(404);
  });

  it('asks before every change, with the tags that would move or vanish', async () => {
    await pushBlob('a', empty);
    await pushManifest('/v2/a/manifests/v1', artifact());
    const asked: string[] = [];
    decide = ({ action, tags }) => {
      asked.push([action, ...tags].join(' '));
      return tags.includes('v1')
        ? { allowed: false, message: 'the factory moves this tag' }
        : { allowed: true };
    };
    const digest = digestOfJson(artifact());
    const refused = await pushManifest('/v2/a/manifests/v1', artifact());
    expect([refused.status, await codeOf(refused)]).toEqual([403, 'DENIED']);
    expect((await pushManifest(`/v2/a/manifests/${digest}?tag=v1`, artifact())).status).toBe(403);
    expect((await call('DELETE', '/v2/a/manifests/v1')).status).toBe(403);
    expect((await call('DELETE', `/v2/a/manifests/${digest}`)).status).toBe(403);
    expect((await pushManifest('/v2/a/manifests/v2', artifact())).status).toBe(201);
    expect((await pushBlob('a', layer)).status).toBe(201);
    expect(asked).toEqual([
      'push-manifest v1',
      'push-manifest v1',
      'delete-tag v1',
      'delete-manifest v1',
      'push-manifest v2',
      'push-blob',
    ]);
  });

  it('challenges where the decision asks for credentials', async () => {
    decide = () => ({ allowed: false, message: 'log in', authenticate: 'Basic realm="kiln"' });
    const response = await call('POST', '/v2/a/blobs/uploads/');
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      'Basic realm="kiln"',
    ]);
  });

  it('answers what it does not know in the form of the specification', async () => {
    const unknown = await get('/v2/a/nothing/here');
    expect([unknown.status, await codeOf(unknown)]).toEqual([404, 'UNSUPPORTED']);
    const method = await call('PATCH', '/v2/a/manifests/v1');
    expect([method.status, method.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT, DELETE']);
    const name = await get('/v2/UPPER/tags/list');
    expect([name.status, await codeOf(name)]).toEqual([400, 'NAME_INVALID']);
  });

  it('says that a manifest is unknown when its bytes were lost', async () => {
    await pushBlob('a', empty);
    await pushManifest('/v2/a/manifests/v1', artifact());
    await blobs.delete(digestOfJson(artifact()));
    await blobs.delete(emptyDescriptor.digest);
    expect((await get('/v2/a/manifests/v1')).status).toBe(404);
    expect((await get(`/v2/a/blobs/${emptyDescriptor.digest}`)).status).toBe(404);
  });

  it('closes the connection where a blob has lost its end', async () => {
    await pushBlob('a', layer);
    for (const kept of [1024, 0]) {
      blobs.read = async function* () {
        yield layer.subarray(0, kept);
      };
      const answer = await get(`/v2/a/blobs/${layerDigest}`);
      await expect(answer.arrayBuffer()).rejects.toThrow('terminated');
    }
  });
});
