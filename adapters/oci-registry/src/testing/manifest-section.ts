import { digestOf } from '@kiln/base';
import { emptyDescriptor, mediaTypes } from '@kiln/oci';
import { describe, expect, it } from 'vitest';
import type { DistributionClient } from './distribution-client.ts';
import { artifact, content, digestOfJson, locationOf, refusalOf } from './distribution-client.ts';

const configType = 'application/vnd.oci.image.config.v1+json';

/** The sections "Pushing Manifests" and "Pushing Manifests with Subject" of the specification. */
export function manifestSection(client: DistributionClient): void {
  const empty = { mediaType: mediaTypes.empty, size: 2, digest: emptyDescriptor.digest };
  const member = { mediaType: mediaTypes.manifest, digest: digestOfJson(artifact()) };
  const index = (more: object = {}): object => ({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [{ ...member, size: JSON.stringify(artifact()).length }],
    ...more,
  });
  const absent = { mediaType: mediaTypes.manifest, size: 7, digest: digestOf('absent') };
  const foreign = {
    mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    size: 9,
    digest: digestOf('foreign'),
    urls: ['https://example.org/layer'],
  };

  describe('Pushing Manifests (end-7)', () => {
    it('takes every kind, by tag and by digest, and serves it as it came', async () => {
      const repository = 'manifests/kinds';
      await client.pushEmpty(repository);
      await client.putManifest(repository, digestOfJson(artifact()), artifact());
      await client.putManifest(repository, digestOfJson(index()), index(), mediaTypes.index);
      const nested = {
        mediaType: mediaTypes.index,
        digest: digestOfJson(index()),
        size: JSON.stringify(index()).length,
      };
      const kinds: Readonly<Record<string, object>> = {
        image: artifact({ artifactType: undefined, config: { ...empty, mediaType: configType } }),
        artifact: artifact(),
        index: index(),
        nested: index({ manifests: [nested] }),
        'index-of-nothing': index({ manifests: [] }),
        'index-with-type': index({ artifactType: 'application/vnd.example.set' }),
        'index-with-subject': index({ subject: absent }),
        'without-layers': artifact({ layers: [] }),
        'with-data': artifact({ layers: [{ ...empty, data: 'e30=' }] }),
        'with-foreign-layer': artifact({ layers: [foreign] }),
        'with-unknown-members': artifact({ unheardOf: { of: [1, null] } }),
        'with-absent-subject': artifact({ subject: absent }),
      };
      for (const [tag, document] of Object.entries(kinds)) {
        const mediaType = 'manifests' in document ? mediaTypes.index : mediaTypes.manifest;
        const digest = digestOfJson(document);
        for (const reference of [digest, tag]) {
          const pushed = await client.putManifest(repository, reference, document, mediaType);
          expect([tag, pushed.status]).toEqual([tag, 201]);
          expect(pushed.headers.get('docker-content-digest')).toBe(digest);
          const served = await client.get(locationOf(pushed));
          expect(served.headers.get('content-type')).toBe(mediaType);
          expect(await served.text()).toBe(JSON.stringify(document));
        }
      }
    });

    it('refuses what is under another digest, with 400 DIGEST_INVALID', async () => {
      await client.pushEmpty('manifests/wrong');
      for (const reference of [digestOf('other'), 'sha256:baddigeststring']) {
        const refused = await client.putManifest('manifests/wrong', reference, artifact());
        expect(await refusalOf(refused)).toEqual([400, 'DIGEST_INVALID']);
      }
      const missing = `/v2/manifests/wrong/manifests/${digestOfJson(artifact())}`;
      expect((await client.head(missing)).status).toBe(404);
    });

    it('refuses content that the repository does not show, with MANIFEST_BLOB_UNKNOWN', async () => {
      await client.pushEmpty('manifests/elsewhere');
      await client.putManifest('manifests/elsewhere', 'v1', artifact());
      for (const [document, mediaType] of [
        [artifact(), mediaTypes.manifest],
        [index(), mediaTypes.index],
      ] as const) {
        const refused = await client.putManifest('manifests/here', 'v1', document, mediaType);
        expect(await refusalOf(refused)).toEqual([404, 'MANIFEST_BLOB_UNKNOWN']);
      }
      expect((await client.head('/v2/manifests/here/manifests/v1')).status).toBe(404);
    });

    it('refuses what is no manifest, with 400 MANIFEST_INVALID, and publishes nothing', async () => {
      const repository = 'manifests/invalid';
      await client.pushEmpty(repository);
      for (const [document, mediaType] of [
        ['', mediaTypes.manifest],
        ['{"schemaVersion":2', mediaTypes.manifest],
        ['[]', mediaTypes.manifest],
        ['{"schemaVersion":1}', mediaTypes.manifest],
        [artifact(), mediaTypes.index],
        [artifact(), 'application/json'],
        [artifact({ manifests: [] }), mediaTypes.manifest],
        [artifact({ layers: [{ ...empty, size: 3 }] }), mediaTypes.manifest],
        [artifact({ layers: [{ ...empty, size: -2 }] }), mediaTypes.manifest],
        [artifact({ layers: [{ ...empty, digest: '../../etc' }] }), mediaTypes.manifest],
      ] as const) {
        const refused = await client.putManifest(repository, 'v1', document, mediaType);
        expect(await refusalOf(refused)).toEqual([400, 'MANIFEST_INVALID']);
      }
      expect((await client.head(`/v2/${repository}/manifests/v1`)).status).toBe(404);
    });

    it('takes manifests up to 4 MiB, and answers 413 above', async () => {
      const repository = 'manifests/large';
      await client.pushEmpty(repository);
      const room = 4 * 1024 * 1024 - JSON.stringify(artifact({ padding: '' })).length;
      const padded = (sizeBytes: number): object => artifact({ padding: 'x'.repeat(sizeBytes) });
      expect((await client.putManifest(repository, 'fits', padded(room))).status).toBe(201);
      const refused = await client.putManifest(repository, 'too-large', padded(room + 1));
      expect(await refusalOf(refused)).toEqual([413, 'MANIFEST_INVALID']);
      expect((await client.head(`/v2/${repository}/manifests/too-large`)).status).toBe(404);
    });

    it('refuses names that are none, with 400 NAME_INVALID', async () => {
      await client.pushEmpty('manifests/names');
      for (const [repository, tag] of [
        ['manifests/names', '.hidden'],
        ['manifests/names', 'a'.repeat(129)],
        ['Manifests/Names', 'v1'],
        ['manifests//names', 'v1'],
      ] as const) {
        const refused = await client.putManifest(repository, tag, artifact());
        expect(await refusalOf(refused)).toEqual([400, 'NAME_INVALID']);
      }
    });

    it('moves a tag to what was pushed last, and keeps what it left', async () => {
      const repository = 'manifests/moved';
      await client.pushEmpty(repository);
      const next = artifact({ annotations: { version: '2' } });
      await client.putManifest(repository, 'latest', artifact());
      await client.putManifest(repository, 'latest', next);
      const tagged = await client.head(`/v2/${repository}/manifests/latest`);
      expect(tagged.headers.get('docker-content-digest')).toBe(digestOfJson(next));
      const left = `/v2/${repository}/manifests/${digestOfJson(artifact())}`;
      expect((await client.head(left)).status).toBe(200);
    });

    it('moves the tags that a push by digest names, and says which (after 1.1)', async () => {
      const repository = 'manifests/tags';
      await client.pushEmpty(repository);
      const digest = digestOfJson(artifact());
      const tags = Array.from({ length: 10 }, (_, at) => `t${at}`);
      const query = tags.map((tag) => `tag=${tag}`).join('&');
      const pushed = await client.putManifest(repository, `${digest}?${query}`, artifact());
      expect([pushed.status, pushed.headers.get('oci-tag')]).toEqual([201, tags.join(', ')]);
      expect((await client.head(`/v2/${repository}/manifests/t9`)).status).toBe(200);
    });
  });

  describe('Pushing Manifests with Subject (end-7)', () => {
    it('says in OCI-Subject that it took the subject, there or not', async () => {
      const repository = 'manifests/subject';
      await client.pushEmpty(repository);
      for (const [document, mediaType] of [
        [artifact({ subject: absent }), mediaTypes.manifest],
        [index({ manifests: [], subject: absent }), mediaTypes.index],
      ] as const) {
        const pushed = await client.putManifest(repository, 'v1', document, mediaType);
        expect([pushed.status, pushed.headers.get('oci-subject')]).toEqual([201, absent.digest]);
      }
      const plain = await client.putManifest(repository, 'v2', artifact());
      expect(plain.headers.get('oci-subject')).toBeNull();
    });
  });

  it('Pushing: hundreds of connections at once lose nothing and mix nothing', async () => {
    const repository = 'push/storm';
    await client.pushEmpty(repository);
    const numbers = Array.from({ length: 150 }, (_, number) => number);
    await Promise.all(
      numbers.map(async (number) => {
        const bytes = content(5000, number);
        const location = await client.startUpload(repository);
        await client.sendChunk(location, bytes, { start: 0, end: 2500 });
        await client.sendChunk(location, bytes, { start: 2500, end: 5000 });
        expect((await client.finishUpload(location, digestOf(bytes))).status).toBe(201);
        const layer = { mediaType: mediaTypes.layer, size: 5000, digest: digestOf(bytes) };
        const document = artifact({ layers: [layer], annotations: { number: `${number}` } });
        expect((await client.putManifest(repository, `n${number}`, document)).status).toBe(201);
      }),
    );
    await Promise.all(
      numbers
        .flatMap((number) => [number, number])
        .map(async (number) => {
          const tagged = await client.get(`/v2/${repository}/manifests/n${number}`);
          const { layers } = (await tagged.json()) as { layers: { digest: string }[] };
          const path = `/v2/${repository}/blobs/${layers[0]?.digest}`;
          const pulled = await (await client.get(path)).bytes();
          expect(digestOf(pulled)).toBe(digestOf(content(5000, number)));
        }),
    );
    const listed = await client.get(`/v2/${repository}/tags/list`);
    expect(((await listed.json()) as { tags: string[] }).tags).toHaveLength(150);
  });
}
