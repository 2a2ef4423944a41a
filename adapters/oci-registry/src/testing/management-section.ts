import { digestOf } from '@kiln/base';
import { describe, expect, it } from 'vitest';
import type { DistributionClient } from './distribution-client.ts';
import { artifact, content, digestOfJson, refusalOf } from './distribution-client.ts';

/** The sections "Content Management" and "Error Codes" of the specification. */
export function managementSection(client: DistributionClient): void {
  const digest = digestOfJson(artifact());
  const push = async (repository: string): Promise<void> => {
    await client.pushEmpty(repository);
    for (const tag of ['x', 'y']) await client.putManifest(repository, tag, artifact());
  };
  const status = async (path: string): Promise<number> => (await client.head(path)).status;

  it('Deleting tags: 202, and the manifest and its other tags stay (end-9)', async () => {
    await push('delete/tags');
    const manifests = '/v2/delete/tags/manifests';
    expect((await client.call('DELETE', `${manifests}/x`)).status).toBe(202);
    expect(await status(`${manifests}/x`)).toBe(404);
    expect(await status(`${manifests}/y`)).toBe(200);
    expect(await status(`${manifests}/${digest}`)).toBe(200);
    const list = await client.get('/v2/delete/tags/tags/list');
    expect(((await list.json()) as { tags: string[] }).tags).toEqual(['y']);
    for (const gone of ['x', 'never', '.no-tag']) {
      const refused = await client.call('DELETE', `${manifests}/${gone}`);
      expect(await refusalOf(refused)).toEqual([404, 'MANIFEST_UNKNOWN']);
    }
  });

  it('Deleting Manifests: 202, with all their tags (end-9)', async () => {
    await push('delete/manifests');
    await push('delete/elsewhere');
    const manifests = '/v2/delete/manifests/manifests';
    expect((await client.call('DELETE', `${manifests}/${digest}`)).status).toBe(202);
    for (const reference of ['x', 'y', digest])
      expect(await status(`${manifests}/${reference}`)).toBe(404);
    const again = await client.call('DELETE', `${manifests}/${digest}`);
    expect(await refusalOf(again)).toEqual([404, 'MANIFEST_UNKNOWN']);
    expect(await status('/v2/delete/elsewhere/manifests/x')).toBe(200);
  });

  it('Deleting Blobs: 202, only in that repository, and they can come again (end-10)', async () => {
    const bytes = content(100, 9);
    const blob = await client.pushBlob('delete/blobs', bytes);
    const elsewhere = await client.pushBlob('delete/others', bytes);
    expect((await client.call('DELETE', blob)).status).toBe(202);
    expect([await status(blob), await status(elsewhere)]).toEqual([404, 200]);
    expect(await refusalOf(await client.call('DELETE', blob))).toEqual([404, 'BLOB_UNKNOWN']);
    await client.pushBlob('delete/blobs', bytes);
    expect(await status(blob)).toBe(200);
  });

  describe('Error Codes', () => {
    it('answers 405 UNSUPPORTED to a method that an address does not have, and names those it has', async () => {
      for (const [method, path, allow] of [
        ['PATCH', '/v2/errors/manifests/v1', 'GET, HEAD, PUT, DELETE'],
        ['PUT', `/v2/errors/blobs/${digest}`, 'GET, HEAD, DELETE'],
        ['GET', '/v2/errors/blobs/uploads/', 'POST'],
        ['POST', '/v2/errors/tags/list', 'GET, HEAD'],
        ['DELETE', `/v2/errors/referrers/${digest}`, 'GET, HEAD'],
      ] as const) {
        const refused = await client.call(method, path);
        expect(refused.headers.get('allow')).toBe(allow);
        expect(await refusalOf(refused)).toEqual([405, 'UNSUPPORTED']);
      }
    });

    it('answers 404 in its own form to what is no address of the API', async () => {
      for (const path of ['/v2/a/nothing/here', '/v2/a', '/v2/a/tags/other']) {
        expect((await refusalOf(await client.get(path)))[0]).toBe(404);
      }
    });

    it('refuses names that are none, with 400 NAME_INVALID', async () => {
      for (const name of ['UPPER', 'a%2f..%2fb', 'a%2fb', `${'a'.repeat(256)}`, 'ü', 'a__-b']) {
        const refused = await client.get(`/v2/${name}/tags/list`);
        expect([name, await refusalOf(refused)]).toEqual([name, [400, 'NAME_INVALID']]);
      }
    });

    it('keeps its connection usable after it refused a body', async () => {
      for (let time = 0; time < 3; time += 1) {
        const path = `/v2/errors/blobs/uploads/?digest=${digestOf('other')}`;
        const refused = await client.call('POST', path, { body: content(200_000) });
        expect(await refusalOf(refused)).toEqual([400, 'DIGEST_INVALID']);
      }
    });
  });
}
