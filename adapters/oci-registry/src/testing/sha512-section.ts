import { digestOf, sha512Of } from '@kiln/base';
import type { OciDigest } from '@kiln/base';
import { emptyBytes, mediaTypes } from '@kiln/oci';
import { describe, expect, it } from 'vitest';
import type { DistributionClient } from './distribution-client.ts';
import { artifact, content, digestOfJson, locationOf, refusalOf } from './distribution-client.ts';

/** Content under SHA-512, which the image specification registers beside SHA-256 ("Registered algorithms"). */
export function sha512Section(client: DistributionClient): void {
  const bytes = content(3000, 12);
  const digest = digestOf(bytes);
  const name = sha512Of(bytes);
  const other = sha512Of('other content');
  const told = (response: Response): readonly unknown[] => [
    response.status,
    response.headers.get('docker-content-digest'),
  ];
  const status = async (path: string): Promise<number> => (await client.head(path)).status;
  const nameOfJson = (document: object): OciDigest => sha512Of(JSON.stringify(document));

  describe('Pushing and pulling blobs under SHA-512 (end-2, end-4b, end-4c, end-5, end-6)', () => {
    const pushes: Readonly<Record<string, (repository: string, as: string) => Promise<Response>>> =
      {
        'a single POST': (repository, as) =>
          client.call('POST', `/v2/${repository}/blobs/uploads/?digest=${as}`, { body: bytes }),
        'POST and PUT': async (repository, as) =>
          client.finishUpload(await client.startUpload(repository), as, { body: bytes }),
        chunks: async (repository, as) => {
          const path = `/v2/${repository}/blobs/uploads/?digest-algorithm=sha512`;
          const location = locationOf(await client.call('POST', path));
          const sent = await client.sendChunk(location, bytes, { start: 0, end: 1000 });
          const last = { body: bytes.slice(1000), headers: { 'content-range': '1000-2999' } };
          return client.finishUpload(locationOf(sent), as, last);
        },
      };
    for (const [way, push] of Object.entries(pushes)) {
      it(`takes a blob in ${way}, and serves it under either name`, async () => {
        const repository = `sha512/${way.toLowerCase().replaceAll(' ', '-')}`;
        const pushed = await push(repository, name);
        expect(told(pushed)).toEqual([201, name]);
        expect(locationOf(pushed)).toContain(name);
        for (const one of [name, digest]) {
          const path = `/v2/${repository}/blobs/${one}`;
          expect(told(await client.head(path))).toEqual([200, one]);
          const whole = await client.get(path);
          expect([...told(whole), digestOf(await whole.bytes())]).toEqual([200, one, digest]);
          const part = await client.get(path, { range: 'bytes=500-1499' });
          expect([part.status, await part.bytes()]).toEqual([206, bytes.slice(500, 1500)]);
        }
      });

      it(`refuses ${way} of other content, and shows nothing`, async () => {
        const repository = `sha512/wrong-${way.toLowerCase().replaceAll(' ', '-')}`;
        expect(await refusalOf(await push(repository, other))).toEqual([400, 'DIGEST_INVALID']);
        for (const one of [digest, name, other])
          expect(await status(`/v2/${repository}/blobs/${one}`)).toBe(404);
      });
    }

    it('goes on with an upload whose digest was wrong', async () => {
      const location = await client.startUpload('sha512/again');
      await client.finishUpload(location, other, { body: bytes });
      expect((await client.finishUpload(location, name, { body: bytes })).status).toBe(201);
    });

    it('names content only where it was pushed so, and refuses what is no algorithm of its own', async () => {
      await client.pushBlob('sha512/unnamed', bytes);
      expect(await status(`/v2/sha512/unnamed/blobs/${name}`)).toBe(404);
      const path = '/v2/sha512/unnamed/blobs/uploads/';
      const refused = await client.call('POST', `${path}?digest-algorithm=sha384`);
      expect(await refusalOf(refused)).toEqual([400, 'DIGEST_INVALID']);
    });

    it('mounts it from where it has that name (end-11)', async () => {
      await pushes['a single POST']?.('sha512/from', name);
      const mount = (of: string): Promise<Response> =>
        client.call('POST', `/v2/sha512/to/blobs/uploads/?mount=${of}&from=sha512/from`);
      expect((await mount(other)).status).toBe(202);
      expect(told(await mount(name))).toEqual([201, name]);
      expect(await status(`/v2/sha512/to/blobs/${name}`)).toBe(200);
    });

    it('deletes it under that name, which goes with it (end-10)', async () => {
      await pushes['a single POST']?.('sha512/delete', name);
      await pushes['a single POST']?.('sha512/kept', name);
      const path = '/v2/sha512/delete/blobs';
      expect((await client.call('DELETE', `${path}/${name}`)).status).toBe(202);
      expect([await status(`${path}/${name}`), await status(`${path}/${digest}`)]).toEqual([
        404, 404,
      ]);
      const again = await client.call('DELETE', `${path}/${name}`);
      expect(await refusalOf(again)).toEqual([404, 'BLOB_UNKNOWN']);
      await client.pushBlob('sha512/delete', bytes);
      expect(await status(`${path}/${name}`)).toBe(404);
      expect(await status(`/v2/sha512/kept/blobs/${name}`)).toBe(200);
    });
  });

  describe('Manifests that name and are named by SHA-512 (end-3, end-7, end-9, end-12)', () => {
    const empty = Uint8Array.from(emptyBytes);
    const config = { mediaType: mediaTypes.empty, size: 2, digest: sha512Of(empty) };
    const layer = { mediaType: 'application/octet-stream', size: bytes.length, digest: name };
    const document = artifact({ config, layers: [layer] });
    const pushContent = async (repository: string): Promise<void> => {
      for (const each of [empty, bytes]) {
        const path = `/v2/${repository}/blobs/uploads/?digest=${sha512Of(each)}`;
        expect((await client.call('POST', path, { body: each })).status).toBe(201);
      }
    };

    it('takes one whose content is there under the names that it lists, and no other', async () => {
      await client.pushEmpty('sha512/manifest');
      await client.pushBlob('sha512/manifest', bytes);
      const refused = await client.putManifest('sha512/manifest', 'v1', document);
      expect(await refusalOf(refused)).toEqual([404, 'MANIFEST_BLOB_UNKNOWN']);
      await pushContent('sha512/manifest');
      const pushed = await client.putManifest('sha512/manifest', nameOfJson(document), document);
      expect(told(pushed)).toEqual([201, nameOfJson(document)]);
      const longer = artifact({ config, layers: [{ ...layer, size: 1 }] });
      const wrong = await client.putManifest('sha512/manifest', 'v1', longer);
      expect(await refusalOf(wrong)).toEqual([400, 'MANIFEST_INVALID']);
      for (const one of [nameOfJson(document), digestOfJson(document)]) {
        const served = await client.get(`/v2/sha512/manifest/manifests/${one}`);
        expect([...told(served), await served.text()]).toEqual([
          200,
          one,
          JSON.stringify(document),
        ]);
      }
    });

    it('refuses one under another SHA-512', async () => {
      await client.pushEmpty('sha512/wrong');
      const refused = await client.putManifest('sha512/wrong', other, artifact());
      expect(await refusalOf(refused)).toEqual([400, 'DIGEST_INVALID']);
      expect(await status(`/v2/sha512/wrong/manifests/${digestOfJson(artifact())}`)).toBe(404);
    });

    it('tells a tag by the name that it was given', async () => {
      await pushContent('sha512/tags');
      const reference = `${nameOfJson(document)}?tag=a&tag=b`;
      const pushed = await client.putManifest('sha512/tags', reference, document);
      expect(pushed.headers.get('oci-tag')).toBe('a, b');
      await client.putManifest('sha512/tags', 'c', document);
      const tagged = async (tag: string): Promise<readonly unknown[]> =>
        told(await client.head(`/v2/sha512/tags/manifests/${tag}`));
      expect(await tagged('a')).toEqual([200, nameOfJson(document)]);
      expect(await tagged('c')).toEqual([200, digestOfJson(document)]);
    });

    it('takes an index of members that it names so', async () => {
      await pushContent('sha512/index');
      await client.putManifest('sha512/index', nameOfJson(document), document);
      const size = JSON.stringify(document).length;
      const member = { mediaType: mediaTypes.manifest, size, digest: nameOfJson(document) };
      const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [member] };
      const pushed = await client.putManifest('sha512/index', 'v1', index, mediaTypes.index);
      expect(pushed.status).toBe(201);
    });

    it('lists what refers to it under whichever name, also before it comes', async () => {
      await pushContent('sha512/referrers');
      const size = JSON.stringify(document).length;
      const about = (subject: OciDigest): object =>
        artifact({
          config,
          layers: [],
          subject: { mediaType: mediaTypes.manifest, size, digest: subject },
        });
      const [bySha512, bySha256] = [about(nameOfJson(document)), about(digestOfJson(document))];
      const both = [digestOfJson(bySha512), digestOfJson(bySha256)].toSorted();
      const list = async (of: OciDigest): Promise<readonly string[]> => {
        const response = await client.get(`/v2/sha512/referrers/referrers/${of}`);
        const { manifests } = (await response.json()) as { manifests: { digest: string }[] };
        return manifests.map((each) => each.digest).toSorted();
      };
      for (const each of [bySha512, bySha256]) {
        const pushed = await client.putManifest('sha512/referrers', digestOfJson(each), each);
        const { subject } = each as { subject: { digest: string } };
        expect(pushed.headers.get('oci-subject')).toBe(subject.digest);
      }
      expect(await list(nameOfJson(document))).toEqual([digestOfJson(bySha512)]);
      expect(await list(digestOfJson(document))).toEqual([digestOfJson(bySha256)]);
      await client.putManifest('sha512/referrers', nameOfJson(document), document);
      for (const one of [nameOfJson(document), digestOfJson(document)])
        expect(await list(one)).toEqual(both);
    });

    it('deletes one under that name, with its tags', async () => {
      await pushContent('sha512/deleted');
      const path = '/v2/sha512/deleted/manifests';
      await client.putManifest('sha512/deleted', `${nameOfJson(document)}?tag=v1`, document);
      expect((await client.call('DELETE', `${path}/${nameOfJson(document)}`)).status).toBe(202);
      for (const reference of ['v1', nameOfJson(document), digestOfJson(document)])
        expect(await status(`${path}/${reference}`)).toBe(404);
      const again = await client.call('DELETE', `${path}/${nameOfJson(document)}`);
      expect(await refusalOf(again)).toEqual([404, 'MANIFEST_UNKNOWN']);
    });
  });
}
