import { digestOf } from '@kiln/base';
import { describe, expect, it } from 'vitest';
import type { DistributionClient } from './distribution-client.ts';
import { content, locationOf, refusalOf } from './distribution-client.ts';

/** The section "Pushing blobs" of the specification, but for its chunks. */
export function blobSection(client: DistributionClient): void {
  const bytes = content(3000, 1);
  const digest = digestOf(bytes);
  const other = digestOf('other content');

  describe('Pushing a blob monolithically: POST then PUT (end-4a, end-6)', () => {
    it('opens a session of its own for each upload, and makes it a blob', async () => {
      const [location, second] = [
        await client.startUpload('push/put'),
        await client.startUpload('push/put'),
      ];
      expect(location).not.toBe(second);
      const pushed = await client.finishUpload(location, digest, { body: bytes });
      expect([pushed.status, pushed.headers.get('docker-content-digest')]).toEqual([201, digest]);
      expect(digestOf(await (await client.get(locationOf(pushed))).bytes())).toBe(digest);
      expect((await client.get(location)).status).toBe(404);
      expect((await client.get(second)).status).toBe(204);
    });

    it('refuses content of another digest with 400 DIGEST_INVALID and shows nothing', async () => {
      const location = await client.startUpload('push/wrong');
      const refused = await client.finishUpload(location, other, { body: bytes });
      expect(await refusalOf(refused)).toEqual([400, 'DIGEST_INVALID']);
      for (const one of [digest, other]) {
        expect((await client.head(`/v2/push/wrong/blobs/${one}`)).status).toBe(404);
      }
      expect((await client.finishUpload(location, digest, { body: bytes })).status).toBe(201);
    });

    it('refuses to finish without a digest, or with what is none that it knows', async () => {
      const location = await client.startUpload('push/none');
      for (const query of [
        '',
        '?digest=',
        '?digest=sha256:short',
        `?digest=sha384:${'0'.repeat(96)}`,
      ]) {
        const refused = await client.call('PUT', `${location}${query}`, { body: bytes });
        expect(await refusalOf(refused)).toEqual([400, 'DIGEST_INVALID']);
      }
    });

    it('shows nothing of a body that broke off', async () => {
      const location = await client.startUpload('push/broken');
      const sent = { bytes: bytes.slice(0, 700), announced: bytes.length };
      await client.breakOff('PUT', `${location}?digest=${digest}`, sent);
      await client.breakOff('POST', `/v2/push/broken/blobs/uploads/?digest=${digest}`, sent);
      expect((await client.head(`/v2/push/broken/blobs/${digest}`)).status).toBe(404);
    });
  });

  describe('Pushing a blob monolithically: single POST (end-4b)', () => {
    it('makes the body a blob', async () => {
      const path = `/v2/push/post/blobs/uploads/?digest=${digest}`;
      const pushed = await client.call('POST', path, { body: bytes });
      expect(pushed.status).toBe(201);
      expect(digestOf(await (await client.get(locationOf(pushed))).bytes())).toBe(digest);
      expect((await client.call('POST', path, { body: bytes })).status).toBe(201);
    });

    it('refuses a body of another digest', async () => {
      const path = `/v2/push/post/blobs/uploads/?digest=${other}`;
      const refused = await client.call('POST', path, { body: bytes });
      expect(await refusalOf(refused)).toEqual([400, 'DIGEST_INVALID']);
      expect((await client.head(`/v2/push/post/blobs/${other}`)).status).toBe(404);
    });
  });

  describe('Mounting a blob from another repository (end-11)', () => {
    const mount = (to: string, of: string, from?: string): Promise<Response> =>
      client.call(
        'POST',
        `/v2/${to}/blobs/uploads/?mount=${of}${from === undefined ? '' : `&from=${from}`}`,
      );

    it('shows it without a byte sent', async () => {
      await client.pushBlob('mount/from', bytes);
      const mounted = await mount('mount/to', digest, 'mount/from');
      expect(mounted.status).toBe(201);
      expect(digestOf(await (await client.get(locationOf(mounted))).bytes())).toBe(digest);
    });

    it('opens a session where the source has no such blob, is none, or is not named', async () => {
      await client.pushBlob('mount/from', bytes);
      for (const [of, from] of [
        [other, 'mount/from'],
        [digest, 'mount/nowhere'],
        [digest, 'NOT/A/NAME'],
        [digest, undefined],
        ['sha256:bad', 'mount/from'],
      ] as const) {
        const answer = await mount('mount/fallback', of, from);
        expect([of, from, answer.status]).toEqual([of, from, 202]);
        expect((await client.get(locationOf(answer))).status).toBe(204);
      }
      expect((await client.head(`/v2/mount/fallback/blobs/${digest}`)).status).toBe(404);
      const location = locationOf(await mount('mount/fallback', other, 'mount/from'));
      expect((await client.finishUpload(location, digest, { body: bytes })).status).toBe(201);
    });
  });
}
