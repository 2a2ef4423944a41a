import { digestOf } from '@kiln/base';
import { describe, expect, it } from 'vitest';
import type { DistributionClient, DistributionUnderTest } from './distribution-client.ts';
import { content, locationOf, refusalOf } from './distribution-client.ts';

/** The section "Pushing a blob in chunks" of the specification, with upload status and cancellation. */
export function chunkSection(
  client: DistributionClient,
  subject: () => DistributionUnderTest,
): void {
  const repository = 'push/chunks';
  const bytes = content(2048, 2);
  const digest = digestOf(bytes);
  const received = async (location: string): Promise<readonly [number, string | null]> => {
    const response = await client.get(location);
    return [response.status, response.headers.get('range')];
  };

  describe('Pushing a blob in chunks (end-4a, end-5, end-6)', () => {
    it('takes chunks in order, each at the last location, and the last one with PUT', async () => {
      let location = await client.startUpload(repository);
      for (const [start, end] of [
        [0, 1000],
        [1000, 1001],
        [1001, 2000],
      ] as const) {
        const answer = await client.sendChunk(location, bytes, { start, end });
        expect([answer.status, answer.headers.get('range')]).toEqual([202, `0-${end - 1}`]);
        location = locationOf(answer);
      }
      const pushed = await client.finishUpload(location, digest, {
        body: bytes.slice(2000),
        headers: { 'content-range': '2000-2047' },
      });
      expect(pushed.status).toBe(201);
      expect(digestOf(await (await client.get(locationOf(pushed))).bytes())).toBe(digest);
    });

    it('takes one chunk of everything, and a last PUT without a body', async () => {
      const location = await client.startUpload(repository);
      const whole = { start: 0, end: bytes.length };
      expect((await client.sendChunk(location, bytes, whole)).status).toBe(202);
      expect((await client.finishUpload(location, digest)).status).toBe(201);
    });

    it('names a least size of chunks only as a number, and none when it takes every size', async () => {
      const answer = await client.call('POST', `/v2/${repository}/blobs/uploads/`);
      expect(answer.headers.get('oci-chunk-min-length') ?? '1').toMatch(/^\d+$/);
    });

    it('takes a stream without a range or a length', async () => {
      const location = await client.startUpload(repository);
      const body = ReadableStream.from([bytes.slice(0, 7), bytes.slice(7)]);
      const answer = await client.call('PATCH', location, { body });
      expect([answer.status, answer.headers.get('range')]).toEqual([202, '0-2047']);
      expect((await client.finishUpload(location, digest)).status).toBe(201);
    });

    it('answers 416 to a chunk out of order, and stands where it stood', async () => {
      const location = await client.startUpload(repository);
      const early = await client.sendChunk(location, bytes, { start: 100, end: 200 });
      expect(await refusalOf(early)).toEqual([416, 'BLOB_UPLOAD_INVALID']);
      expect(await received(location)).toEqual([204, '0-0']);
      await client.sendChunk(location, bytes, { start: 0, end: 1000 });
      for (const [start, end] of [
        [0, 1000],
        [999, 1500],
        [1001, 2048],
      ] as const) {
        expect((await client.sendChunk(location, bytes, { start, end })).status).toBe(416);
      }
      const last = await client.finishUpload(location, digest, {
        body: bytes.slice(1500),
        headers: { 'content-range': '1500-2047' },
      });
      expect(last.status).toBe(416);
      expect(await received(location)).toEqual([204, '0-999']);
      await client.sendChunk(location, bytes, { start: 1000, end: 2048 });
      expect((await client.finishUpload(location, digest)).status).toBe(201);
    });

    it('refuses a chunk that is shorter or longer than its range, and a range that is none', async () => {
      const location = await client.startUpload(repository);
      for (const [range, status, code] of [
        ['0-4', 400, 'SIZE_INVALID'],
        ['0-19', 400, 'SIZE_INVALID'],
        ['9-0', 416, 'BLOB_UPLOAD_INVALID'],
        ['bytes 0-9/10', 416, 'BLOB_UPLOAD_INVALID'],
      ] as const) {
        const headers = { 'content-range': range };
        const refused = await client.call('PATCH', location, { body: bytes.slice(0, 10), headers });
        expect(await refusalOf(refused)).toEqual([status, code]);
      }
      expect(await received(location)).toEqual([204, '0-0']);
    });

    it('refuses the end of an upload whose digest is another, and keeps the chunks', async () => {
      const location = await client.startUpload(repository);
      await client.sendChunk(location, bytes, { start: 0, end: 1000 });
      const refused = await client.finishUpload(location, digestOf('other'), {
        body: bytes.slice(1000),
      });
      expect(await refusalOf(refused)).toEqual([400, 'DIGEST_INVALID']);
      expect(await received(location)).toEqual([204, '0-999']);
    });

    it('knows a session only in its repository, and answers 404 to what is none', async () => {
      const location = await client.startUpload(repository);
      for (const strange of [
        location.replace(repository, 'push/other'),
        `/v2/${repository}/blobs/uploads/none`,
        `/v2/${repository}/blobs/uploads/..%2f..%2fetc`,
      ]) {
        for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
          const path = method === 'PUT' ? `${strange}?digest=${digest}` : strange;
          const body = method === 'PATCH' || method === 'PUT' ? { body: bytes } : {};
          const refused = await client.call(method, path, body);
          expect(await refusalOf(refused)).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
        }
      }
    });
  });

  describe('Pushing a blob in chunks: what was received (end-13)', () => {
    it('says where a broken connection left the upload, which goes on there', async () => {
      const location = await client.startUpload(repository);
      const sent = { bytes: bytes.slice(0, 700), announced: 2048 };
      await client.breakOff('PATCH', location, sent);
      await expect.poll(async () => (await received(location))[1]).toMatch(/^0-\d+$/);
      const settled = async (): Promise<number> => {
        const [, range] = await received(location);
        const start = range === '0-0' ? 0 : Number(range?.slice(2)) + 1;
        return (await client.sendChunk(location, bytes, { start, end: 2048 })).status;
      };
      await expect.poll(settled).toBe(202);
      expect((await client.finishUpload(location, digest)).status).toBe(201);
    });

    it('goes on after the server was started again', async () => {
      const location = await client.startUpload(repository);
      await client.sendChunk(location, bytes, { start: 0, end: 1234 });
      await subject().restart();
      expect(await received(location)).toEqual([204, '0-1233']);
      await client.sendChunk(location, bytes, { start: 1234, end: 2048 });
      expect((await client.finishUpload(location, digest)).status).toBe(201);
      expect((await client.head(`/v2/${repository}/blobs/${digest}`)).status).toBe(200);
    });
  });

  it('Cancelling an upload forgets it (end-14)', async () => {
    const location = await client.startUpload(repository);
    await client.sendChunk(location, bytes, { start: 0, end: 10 });
    expect((await client.call('DELETE', location)).status).toBe(204);
    expect((await client.get(location)).status).toBe(404);
    expect((await client.call('DELETE', location)).status).toBe(404);
  });
}
