import { digestOf } from '@kiln/base';
import { mediaTypes } from '@kiln/oci';
import { describe, expect, it } from 'vitest';
import type { DistributionClient } from './distribution-client.ts';
import { artifact, content, digestOfJson, refusalOf } from './distribution-client.ts';

/** The sections "Determining Support" and "Pull" of the specification. */
export function pullSection(client: DistributionClient): void {
  it('Determining Support: answers 200 at /v2/ (end-1)', async () => {
    expect((await client.get('/v2/')).status).toBe(200);
  });

  describe('Pulling manifests (end-3)', () => {
    const repository = 'pull/manifests';
    const text = `${JSON.stringify(artifact({ annotations: { space: 'kept' } }), undefined, 3)}\n`;
    const digest = digestOf(text);
    const push = async (): Promise<void> => {
      await client.pushEmpty(repository);
      expect((await client.putManifest(repository, 'v1', text)).status).toBe(201);
    };

    it('gives the exact bytes, the media type and the digest, by tag and by digest', async () => {
      await push();
      for (const reference of ['v1', digest]) {
        const response = await client.get(`/v2/${repository}/manifests/${reference}`, {
          accept: mediaTypes.manifest,
        });
        expect(response.status).toBe(200);
        expect(response.headers.get('content-type')).toBe(mediaTypes.manifest);
        expect(response.headers.get('docker-content-digest')).toBe(digest);
        expect(response.headers.get('content-length')).toBe(`${text.length}`);
        expect(await response.text()).toBe(text);
      }
    });

    it('tells caches that a digest never changes and that a tag may', async () => {
      await push();
      const cached = async (reference: string): Promise<string | null> =>
        (await client.get(`/v2/${repository}/manifests/${reference}`)).headers.get('cache-control');
      expect(await cached(digest)).toContain('immutable');
      expect(await cached('v1')).toBe('no-cache');
    });

    it('answers 304 to who has it', async () => {
      await push();
      const path = `/v2/${repository}/manifests/v1`;
      const etag = (await client.get(path)).headers.get('etag') ?? '';
      expect((await client.get(path, { 'if-none-match': etag })).status).toBe(304);
      expect((await client.get(path, { 'if-none-match': '"other"' })).status).toBe(200);
    });

    it('answers 404 where there is none: another tag, digest, repository, or what is no tag', async () => {
      await push();
      for (const path of [
        `${repository}/manifests/absent`,
        `${repository}/manifests/${digestOf('absent')}`,
        `${repository}/manifests/.INVALID_MANIFEST_NAME`,
        `pull/other/manifests/${digest}`,
      ]) {
        expect((await client.head(`/v2/${path}`)).status).toBe(404);
        expect(await refusalOf(await client.get(`/v2/${path}`))).toEqual([404, 'MANIFEST_UNKNOWN']);
      }
    });
  });

  describe('Pulling blobs (end-2)', () => {
    const repository = 'pull/blobs';
    const bytes = content(2048);

    it('gives the bytes with their digest, and says that they never change', async () => {
      const response = await client.get(await client.pushBlob(repository, bytes));
      expect(response.status).toBe(200);
      expect(response.headers.get('docker-content-digest')).toBe(digestOf(bytes));
      expect(response.headers.get('cache-control')).toContain('immutable');
      expect(digestOf(await response.bytes())).toBe(digestOf(bytes));
    });

    it('has blobs of no bytes and of two', async () => {
      for (const small of [new Uint8Array(), Uint8Array.from(Buffer.from('{}'))]) {
        const path = await client.pushBlob(repository, small);
        const response = await client.get(path);
        expect([response.status, response.headers.get('content-length')]).toEqual([
          200,
          `${small.length}`,
        ]);
        expect(digestOf(await response.bytes())).toBe(digestOf(small));
      }
    });

    it('gives one range (RFC 9110, 14.2) and clamps its end', async () => {
      const path = await client.pushBlob(repository, bytes);
      for (const [range, start, end] of [
        ['500-1499', 500, 1499],
        ['500-', 500, 2047],
        ['-500', 1548, 2047],
        ['-5000', 0, 2047],
        ['2000-5000', 2000, 2047],
        ['0-0', 0, 0],
      ] as const) {
        const response = await client.get(path, { range: `bytes=${range}` });
        expect(response.status).toBe(206);
        expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end}/2048`);
        expect(response.headers.get('content-length')).toBe(`${end - start + 1}`);
        expect(digestOf(await response.bytes())).toBe(digestOf(bytes.slice(start, end + 1)));
      }
    });

    it('answers 416 to a range that is empty or lies outside', async () => {
      const path = await client.pushBlob(repository, bytes);
      for (const range of ['500-0', '2048-', '5000-10000', '-0']) {
        const response = await client.get(path, { range: `bytes=${range}` });
        expect([range, response.status]).toEqual([range, 416]);
        expect(response.headers.get('content-range')).toBe('bytes */2048');
      }
    });

    it('gives the whole to what is no single range of bytes, and to If-Range of another content', async () => {
      const path = await client.pushBlob(repository, bytes);
      for (const range of ['bytes=0-1,5-6', 'bytes=x-y', 'lines=0-1', 'bytes=-']) {
        expect([range, (await client.get(path, { range })).status]).toEqual([range, 200]);
      }
      const headers = { range: 'bytes=0-1', 'if-range': '"other"' };
      expect((await client.get(path, headers)).status).toBe(200);
    });

    it('answers 404 for another blob or repository, and 400 for what is no digest', async () => {
      await client.pushBlob(repository, bytes);
      for (const path of [
        `${repository}/blobs/${digestOf('absent')}`,
        `pull/other/blobs/${digestOf(bytes)}`,
      ]) {
        expect(await refusalOf(await client.get(`/v2/${path}`))).toEqual([404, 'BLOB_UNKNOWN']);
      }
      for (const bad of ['sha256:baddigeststring', 'sha256:', 'latest']) {
        const response = await client.get(`/v2/${repository}/blobs/${bad}`);
        expect(await refusalOf(response)).toEqual([400, 'DIGEST_INVALID']);
      }
    });
  });

  describe('Checking if content exists in the registry (end-2, end-3)', () => {
    const repository = 'pull/exists';

    it('answers HEAD as it answers GET, without the content', async () => {
      const blob = await client.pushBlob(repository, content(2048));
      await client.pushEmpty(repository);
      await client.putManifest(repository, 'v1', artifact());
      const manifest = `/v2/${repository}/manifests/${digestOfJson(artifact())}`;
      for (const path of [blob, manifest, `/v2/${repository}/manifests/v1`]) {
        const [whole, head] = [await client.get(path), await client.head(path)];
        expect(head.status).toBe(200);
        for (const name of [
          'content-length',
          'content-type',
          'docker-content-digest',
          'etag',
          'cache-control',
        ]) {
          expect(head.headers.get(name)).toBe(whole.headers.get(name));
          expect(head.headers.get(name)).not.toBeNull();
        }
        expect((await whole.bytes()).length).toBe(Number(head.headers.get('content-length')));
        expect((await head.bytes()).length).toBe(0);
      }
    });

    it('knows no ranges for HEAD (RFC 9110, 14.2)', async () => {
      const blob = await client.pushBlob(repository, content(2048));
      for (const range of ['bytes=0-9', 'bytes=5000-']) {
        const head = await client.head(blob, { range });
        expect([head.status, head.headers.get('content-length')]).toEqual([200, '2048']);
      }
    });

    it('answers 404 to HEAD, with an empty body, for what is not there', async () => {
      const head = await client.head(`/v2/${repository}/blobs/${digestOf('absent')}`);
      expect([head.status, await head.text()]).toEqual([404, '']);
    });
  });
}
