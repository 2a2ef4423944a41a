import { compareBytes, digestOf } from '@kiln/base';
import { mediaTypes } from '@kiln/oci';
import { describe, expect, it } from 'vitest';
import type { DistributionClient } from './distribution-client.ts';
import { artifact, digestOfJson, nextOf, refusalOf } from './distribution-client.ts';

interface ReferrerDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function namesOf(found: readonly ReferrerDescriptor[]): readonly string[] {
  return found.map((each) => each.annotations?.['of'] ?? '').toSorted(compareBytes);
}

/** The section "Content Discovery" of the specification. */
export function discoverySection(client: DistributionClient): void {
  describe('Listing Tags (end-8a, end-8b)', () => {
    const repository = 'tags/list';
    const tags = ['1-a', '1.10', '1.9', 'V1', '_x', 'latest', 'v1'];
    const list = async (query: string): Promise<readonly [readonly string[], Response]> => {
      const response = await client.get(`/v2/${repository}/tags/list${query}`);
      expect(response.status).toBe(200);
      const body = (await response.json()) as { name: string; tags: string[] };
      expect(body.name).toBe(repository);
      return [body.tags, response];
    };
    const push = async (): Promise<void> => {
      await client.pushEmpty(repository);
      for (const tag of tags.toReversed()) await client.putManifest(repository, tag, artifact());
    };

    it('lists all tags in byte order', async () => {
      await push();
      expect((await list(''))[0]).toEqual(tags);
    });

    it('lists n tags, after last, and links to what follows', async () => {
      await push();
      const walked: string[] = [];
      for (let query: string | undefined = '?n=3'; query !== undefined;) {
        const [page, response] = await list(query);
        expect(page.length).toBeLessThanOrEqual(3);
        walked.push(...page);
        query = nextOf(response)?.replace(/^[^?]*/, '');
      }
      expect(walked).toEqual(tags);
      expect((await list('?last=1.9'))[0]).toEqual(['V1', '_x', 'latest', 'v1']);
      expect((await list('?n=1&last=1.95'))[0]).toEqual(['V1']);
      expect((await list('?last=v1'))[0]).toEqual([]);
    });

    it('lists nothing, without a link, when n is 0', async () => {
      await push();
      const [page, response] = await list('?n=0');
      expect([page, nextOf(response)]).toEqual([[], undefined]);
    });

    it('lists no tags of a repository with blobs only, and answers 404 for one that is not', async () => {
      await client.pushEmpty('tags/none');
      const none = await client.get('/v2/tags/none/tags/list');
      expect(await none.json()).toEqual({ name: 'tags/none', tags: [] });
      const unknown = await client.get('/v2/tags/never/tags/list');
      expect(await refusalOf(unknown)).toEqual([404, 'NAME_UNKNOWN']);
    });

    it('refuses a page size that is none', async () => {
      await push();
      for (const n of ['-1', 'x', '1e3', '1'.repeat(21)]) {
        expect((await client.get(`/v2/${repository}/tags/list?n=${n}`)).status).toBe(400);
      }
    });
  });

  describe('Listing Referrers (end-12a, end-12b)', () => {
    const repository = 'referrers/list';
    const subject = { mediaType: mediaTypes.manifest, size: 7, digest: digestOf('a subject') };
    const sbom = 'application/vnd.example.sbom';
    const signature = 'application/vnd.example.signature';
    const configType = 'application/vnd.example.config';
    const documents: readonly object[] = [
      artifact({ subject, artifactType: sbom, annotations: { of: 'one' } }),
      artifact({ subject, artifactType: sbom, annotations: { of: 'two' } }),
      artifact({ subject, artifactType: signature }),
    ];
    const read = async (
      query = '',
    ): Promise<readonly [readonly ReferrerDescriptor[], Response]> => {
      const path = `/v2/${repository}/referrers/${subject.digest}${query}`;
      const response = await client.get(path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe(mediaTypes.index);
      const body = (await response.json()) as { manifests: ReferrerDescriptor[] };
      expect(body).toMatchObject({ schemaVersion: 2, mediaType: mediaTypes.index });
      return [body.manifests, response];
    };
    const push = async (): Promise<void> => {
      await client.pushEmpty(repository);
      for (const document of documents)
        await client.putManifest(repository, digestOfJson(document), document);
    };

    it('answers with an empty index for what nobody ever pushed', async () => {
      for (const untouched of ['referrers/never', repository]) {
        const path = `/v2/${untouched}/referrers/${digestOf('nothing refers to it')}`;
        const response = await client.get(path);
        expect([response.status, response.headers.get('content-type')]).toEqual([
          200,
          mediaTypes.index,
        ]);
        expect(await response.json()).toEqual({
          schemaVersion: 2,
          mediaType: mediaTypes.index,
          manifests: [],
        });
      }
    });

    it('lists each manifest with its media type, size, artifact type and annotations', async () => {
      await push();
      const [found] = await read();
      const expected = documents.map((document) => {
        const { artifactType, annotations } = document as ReferrerDescriptor;
        return {
          mediaType: mediaTypes.manifest,
          digest: digestOfJson(document),
          size: JSON.stringify(document).length,
          artifactType,
          ...(annotations === undefined ? {} : { annotations }),
        };
      });
      const byDigest = (a: { digest: string }, b: { digest: string }): number =>
        a.digest < b.digest ? -1 : 1;
      expect(found.toSorted(byDigest)).toEqual(expected.toSorted(byDigest));
    });

    it('lists only one artifact type where that is asked for, and says so', async () => {
      await push();
      const [found, response] = await read(`?artifactType=${encodeURIComponent(sbom)}`);
      expect(namesOf(found)).toEqual(['one', 'two']);
      expect(response.headers.get('oci-filters-applied')).toBe('artifactType');
      expect((await read())[1].headers.get('oci-filters-applied')).toBeNull();
      expect((await read('?artifactType=application/none'))[0]).toEqual([]);
    });

    it('links to the next page, which keeps the filter', async () => {
      await push();
      const [first, response] = await read(`?n=1&artifactType=${encodeURIComponent(sbom)}`);
      const next = nextOf(response)?.replace(/^[^?]*/, '');
      const [second, last] = await read(next);
      expect(namesOf([...first, ...second])).toEqual(['one', 'two']);
      expect(last.headers.get('oci-filters-applied')).toBe('artifactType');
      expect(nextOf(last)).toBeUndefined();
    });

    it('takes the config’s media type for an image without an artifact type, and none for an index', async () => {
      const about = { ...subject, digest: digestOf('another subject') };
      await client.pushEmpty(repository);
      const { config, ...rest } = artifact({ artifactType: undefined, subject: about }) as {
        config: object;
      };
      const image = { ...rest, config: { ...config, mediaType: configType } };
      const index = {
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: [],
        subject: about,
      };
      await client.putManifest(repository, 'image', image);
      await client.putManifest(repository, 'index', index, mediaTypes.index);
      const response = await client.get(`/v2/${repository}/referrers/${about.digest}`);
      const { manifests } = (await response.json()) as { manifests: ReferrerDescriptor[] };
      const typeOf = (document: object): unknown =>
        manifests.find((each) => each.digest === digestOfJson(document))?.artifactType;
      expect([typeOf(image), typeOf(index), manifests.length]).toEqual([configType, undefined, 2]);
    });

    it('answers 400 to what is no digest', async () => {
      for (const bad of ['sha256:x', 'latest']) {
        const response = await client.get(`/v2/${repository}/referrers/${bad}`);
        expect(await refusalOf(response)).toEqual([400, 'DIGEST_INVALID']);
      }
    });

    it('no longer lists what was deleted', async () => {
      await push();
      const digest = digestOfJson(documents[2] ?? {});
      await client.call('DELETE', `/v2/${repository}/manifests/${digest}`);
      expect((await read())[0].map((each) => each.digest)).not.toContain(digest);
    });
  });
}
