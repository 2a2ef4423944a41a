import type { Clock, Digest, OciDigest } from '@kiln/base';
import { digestOf, sha512Of } from '@kiln/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eachReferrer } from './each-referrer.ts';
import type {
  Publication,
  RegistryManifest,
  RegistryState,
  TagEvent,
  TagMove,
} from './registry-state.ts';

/** A state under test and the way to clean up after it. */
export interface RegistryStateUnderTest {
  readonly state: RegistryState;
  readonly close?: () => Promise<void>;
}

const imageType = 'application/vnd.oci.image.manifest.v1+json';
const [one, two, three]: readonly Digest[] = ['one', 'two', 'three'].map((text) => digestOf(text));

function manifest(
  digest: Digest,
  more: Partial<RegistryManifest> = {},
): Publication['manifests'][number] {
  return {
    digest,
    mediaType: imageType,
    sizeBytes: 100,
    subject: undefined,
    artifactType: 'application/vnd.oci.image.config.v1+json',
    annotations: {},
    ...more,
  };
}

function publication(more: Partial<Publication>): Publication {
  return { repository: 'library/zlib', blobs: [], manifests: [], tags: [], ...more };
}

/**
 * Registers the tests that every `RegistryState` has to pass; `make` returns an empty state that takes its time from
 * `clock`. Call it inside a vitest file.
 */
export function registryStateConformance(
  make: (clock: Clock) => RegistryStateUnderTest | Promise<RegistryStateUnderTest>,
): void {
  describe('a registry state', () => {
    const repository = 'library/zlib';
    const all = { last: '', limit: 100 };
    let now: number;
    let subject: RegistryStateUnderTest;
    let state: RegistryState;
    const publish = (more: Partial<Publication>): Promise<boolean> =>
      state.publish(publication(more));
    const tagsAt = (digest: Digest, ...tags: readonly string[]): TagMove[] =>
      tags.map((tag) => ({ tag, digest, expected: 'any' }));

    const historyOf = async (
      tag: string,
      limit = 10,
    ): Promise<readonly Pick<TagEvent, 'digest' | 'at'>[]> =>
      (await state.tagHistory(repository, { tag, before: undefined, limit })).map(
        ({ digest, at }) => ({ digest, at }),
      );

    beforeEach(async () => {
      now = Date.UTC(2026, 0, 1);
      subject = await make({ now: () => now });
      state = subject.state;
    });
    afterEach(async () => {
      await subject.close?.();
    });

    it('knows nothing at first', async () => {
      expect(await state.repositories(all)).toEqual([]);
      expect(await state.hasRepository(repository)).toBe(false);
      expect((await state.blobs(repository, [one!])).size).toBe(0);
      expect((await state.manifests(repository, [one!])).size).toBe(0);
      expect(await state.tags(repository, all)).toEqual([]);
      expect(await state.tag(repository, 'latest')).toBeUndefined();
      expect(await state.tagsOf(repository, one!)).toEqual([]);
      expect(await historyOf('latest')).toEqual([]);
      expect(await state.referrers(repository, one!, { ...all, artifactType: undefined })).toEqual(
        [],
      );
      expect(await state.summaries({ ...all, except: [] })).toEqual([]);
      expect(await state.newestSequence()).toBe(0);
      expect(await state.deleteTag(repository, 'latest')).toBe(false);
      expect(await state.deleteManifest(repository, one!)).toBe(false);
      expect(await state.unlinkBlob(repository, one!)).toBe(false);
    });

    it('lists repositories in byte order, page by page', async () => {
      for (const name of ['b', 'a/z', 'a-b', 'a', 'a.b']) {
        await publish({ repository: name, manifests: [manifest(one!)] });
      }
      expect(await state.repositories(all)).toEqual(['a', 'a-b', 'a.b', 'a/z', 'b']);
      expect(await state.repositories({ last: 'a-b', limit: 2 })).toEqual(['a.b', 'a/z']);
      expect(await state.repositories({ last: '', limit: 0 })).toEqual([]);
    });

    it('shows a blob only in the repositories it was published to', async () => {
      await publish({ blobs: [{ digest: one!, sizeBytes: 5 }] });
      await publish({
        blobs: [
          { digest: one!, sizeBytes: 5 },
          { digest: two!, sizeBytes: 7 },
        ],
      });
      expect(await state.blobs(repository, [two!, three!, one!])).toEqual(
        new Map([
          [one, 5],
          [two, 7],
        ]),
      );
      expect((await state.blobs('other', [one!])).size).toBe(0);
      expect((await state.blobs(repository, [])).size).toBe(0);
      expect(await state.hasRepository(repository)).toBe(true);
    });

    it('unlinks a blob from one repository and leaves the others alone', async () => {
      await publish({ blobs: [{ digest: one!, sizeBytes: 5 }] });
      await publish({ repository: 'other', blobs: [{ digest: one!, sizeBytes: 5 }] });
      expect(await state.unlinkBlob(repository, one!)).toBe(true);
      expect(await state.unlinkBlob(repository, one!)).toBe(false);
      expect((await state.blobs(repository, [one!])).size).toBe(0);
      expect((await state.blobs('other', [one!])).get(one!)).toBe(5);
    });

    it('gives back every fact of a manifest', async () => {
      const full = manifest(one!, {
        subject: two!,
        artifactType: 'application/vnd.example.sbom',
        annotations: { 'org.example.b': 'ä "quoted" \\ \n', 'org.example.a': '' },
        sizeBytes: 4_194_304,
      });
      await publish({ manifests: [full, manifest(three!, { artifactType: undefined })] });
      const found = await state.manifests(repository, [one!, two!, three!]);
      expect(found.get(one!)).toEqual({ ...full, repository });
      expect(found.get(three!)?.artifactType).toBeUndefined();
      expect(found.get(three!)?.subject).toBeUndefined();
      expect(found.size).toBe(2);
      const sizes = await state.manifestSizes(repository, [one!, two!, three!]);
      expect(sizes).toEqual(new Map([...found].map(([of, { sizeBytes }]) => [of, sizeBytes])));
    });

    it('moves a tag to a manifest of the same publication, and remembers when', async () => {
      expect(
        await publish({ manifests: [manifest(one!)], tags: tagsAt(one!, '1.3', 'latest') }),
      ).toBe(true);
      const latest = { repository, tag: 'latest', digest: one!, movedAt: now };
      expect(await state.tag(repository, 'latest')).toEqual(latest);
      expect(await state.tagsOf(repository, one!)).toEqual(['1.3', 'latest']);
      now += 1000;
      await publish({ manifests: [manifest(two!)], tags: tagsAt(two!, 'latest') });
      expect(await state.tag(repository, 'latest')).toEqual({
        ...latest,
        digest: two!,
        movedAt: now,
      });
      expect(await historyOf('latest')).toEqual([
        { digest: two!, at: now },
        { digest: one!, at: now - 1000 },
      ]);
      expect(await historyOf('latest', 1)).toEqual([{ digest: two!, at: now }]);
    });

    it('adds no event when a tag stays where it is', async () => {
      await publish({ manifests: [manifest(one!)], tags: tagsAt(one!, 'latest') });
      now += 1000;
      expect(
        await state.moveTag(repository, { tag: 'latest', digest: one!, expected: 'any' }),
      ).toBe(true);
      expect(await historyOf('latest')).toHaveLength(1);
      expect((await state.tag(repository, 'latest'))?.movedAt).toBe(now - 1000);
    });

    it('refuses a tag without a manifest in its repository, and then publishes nothing', async () => {
      await publish({ repository: 'other', manifests: [manifest(one!)] });
      const unknown = publish({
        blobs: [{ digest: two!, sizeBytes: 1 }],
        tags: tagsAt(one!, 'latest'),
      });
      await expect(unknown).rejects.toMatchObject({ code: 'REGISTRY_TAG_TARGET_UNKNOWN' });
      expect(await state.hasRepository(repository)).toBe(false);
      expect((await state.blobs(repository, [two!])).size).toBe(0);
    });

    it('refuses a manifest when the repository does not show what it holds', async () => {
      const index = manifest(two!, { holds: [one!, three!] });
      await publish({ manifests: [manifest(one!)] });
      await publish({ repository: 'other', blobs: [{ digest: three!, sizeBytes: 3 }] });
      const early = publish({ manifests: [index], tags: tagsAt(two!, 'latest') });
      await expect(early).rejects.toMatchObject({ code: 'REGISTRY_CONTENT_UNKNOWN' });
      expect((await state.manifests(repository, [two!])).size).toBe(0);
      const blobs = [{ digest: three!, sizeBytes: 3 }];
      await publish({ blobs, manifests: [index], tags: tagsAt(two!, 'latest') });
      expect((await state.manifests(repository, [two!])).get(two!)).toEqual({
        ...index,
        repository,
      });
      await state.renew(repository, two!);
      await state.renew(repository, three!);
      await state.renew('nowhere', one!);
    });

    it('moves a tag only from where it is expected to be', async () => {
      await publish({ manifests: [manifest(one!), manifest(two!), manifest(three!)] });
      const move = (digest: Digest, expected: TagMove['expected']): Promise<boolean> =>
        state.moveTag(repository, { tag: 'latest', digest, expected });
      expect(await move(one!, two!)).toBe(false);
      expect(await move(one!, 'absent')).toBe(true);
      expect(await move(two!, 'absent')).toBe(false);
      expect(await move(two!, three!)).toBe(false);
      expect((await state.tag(repository, 'latest'))?.digest).toBe(one);
      expect(await move(two!, one!)).toBe(true);
      expect((await state.tag(repository, 'latest'))?.digest).toBe(two);
    });

    it('publishes all or nothing when one tag is not where it is expected', async () => {
      await publish({ manifests: [manifest(one!)], tags: tagsAt(one!, 'b') });
      const published = await publish({
        blobs: [{ digest: three!, sizeBytes: 3 }],
        manifests: [manifest(two!)],
        tags: [
          { tag: 'a', digest: two!, expected: 'any' },
          { tag: 'b', digest: two!, expected: 'absent' },
        ],
      });
      expect(published).toBe(false);
      expect(await state.tag(repository, 'a')).toBeUndefined();
      expect((await state.manifests(repository, [two!])).size).toBe(0);
      expect((await state.blobs(repository, [three!])).size).toBe(0);
    });

    it('publishes many at once, as if one came after another', async () => {
      await publish({ manifests: [manifest(three!)], tags: tagsAt(three!, 'taken') });
      now += 5;
      const done = await state.publishMany([
        publication({
          blobs: [{ digest: one!, sizeBytes: 1 }],
          manifests: [manifest(one!)],
          tags: tagsAt(one!, 'a'),
        }),
        publication({
          blobs: [{ digest: three!, sizeBytes: 3 }],
          manifests: [manifest(digestOf('lost'))],
          tags: [
            { tag: 'b', digest: one!, expected: 'any' },
            { tag: 'taken', digest: one!, expected: 'absent' },
          ],
        }),
        publication({
          blobs: [{ digest: one!, sizeBytes: 1 }],
          manifests: [manifest(two!), manifest(one!, { artifactType: 'text/later' })],
          tags: [
            { tag: 'a', digest: two!, expected: one! },
            { tag: 'c', digest: one!, expected: 'absent' },
          ],
        }),
        publication({ repository: 'other', manifests: [manifest(one!)], tags: tagsAt(one!, 'a') }),
      ]);
      expect(done).toEqual([true, false, true, true]);
      expect(await state.publishMany([])).toEqual([]);
      expect((await state.tags(repository, all)).map(({ tag, digest }) => [tag, digest])).toEqual([
        ['a', two],
        ['c', one],
        ['taken', three],
      ]);
      expect(await historyOf('a')).toEqual([
        { digest: two!, at: now },
        { digest: one!, at: now },
      ]);
      const shown = await state.manifests(repository, [one!, digestOf('lost')]);
      expect([...shown.values()].map(({ artifactType }) => artifactType)).toEqual(['text/later']);
      expect(await state.blobs(repository, [one!, three!])).toEqual(new Map([[one, 1]]));
      expect((await state.tag('other', 'a'))?.digest).toBe(one);
    });

    it('publishes none of many when one has a tag without a manifest', async () => {
      const many = state.publishMany([
        publication({ manifests: [manifest(one!)], tags: tagsAt(one!, 'a') }),
        publication({ repository: 'other', tags: tagsAt(one!, 'a') }),
      ]);
      await expect(many).rejects.toMatchObject({ code: 'REGISTRY_TAG_TARGET_UNKNOWN' });
      expect(await state.repositories(all)).toEqual([]);
    });

    it('takes many at once from many publishers, in whatever order they name repositories', async () => {
      const each = ['a', 'b', 'c'].map((name) =>
        publication({ repository: name, manifests: [manifest(one!)], tags: tagsAt(one!, 'x') }),
      );
      const done = await Promise.all(
        Array.from({ length: 8 }, (_, at) =>
          state.publishMany(at % 2 === 0 ? each : each.toReversed()),
        ),
      );
      expect(done.flat().every(Boolean)).toBe(true);
      expect(await state.repositories(all)).toEqual(['a', 'b', 'c']);
    });

    it('lets exactly one of many movers win', async () => {
      const digests = Array.from({ length: 8 }, (_, index) => digestOf(`mover ${index}`));
      await publish({ manifests: digests.map((digest) => manifest(digest)) });
      const won = await Promise.all(
        digests.map((digest) =>
          state.moveTag(repository, { tag: 'race', digest, expected: 'absent' }),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await state.tag(repository, 'race'))?.digest).toBe(digests[won.indexOf(true)]);
      expect(await historyOf('race')).toHaveLength(1);
    });

    it('takes the same publication from many publishers at once', async () => {
      const same = {
        blobs: [{ digest: one!, sizeBytes: 1 }],
        manifests: [manifest(two!)],
        tags: tagsAt(two!, 'a', 'b'),
      };
      const reversed = { ...same, tags: tagsAt(two!, 'b', 'a') };
      const done = await Promise.all(
        Array.from({ length: 10 }, (_, index) => publish(index % 2 ? same : reversed)),
      );
      expect(done).toEqual(Array.from({ length: 10 }, () => true));
      expect(await historyOf('a')).toHaveLength(1);
    });

    it('lists tags in byte order, page by page', async () => {
      const tags = ['v1', 'V1', 'latest', '1.10', '1.9', '_x', '1-a'];
      await publish({ manifests: [manifest(one!)], tags: tagsAt(one!, ...tags) });
      const listed = (await state.tags(repository, all)).map((tag) => tag.tag);
      expect(listed).toEqual(['1-a', '1.10', '1.9', 'V1', '_x', 'latest', 'v1']);
      const page = await state.tags(repository, { last: '1.9', limit: 2 });
      expect(page.map((tag) => tag.tag)).toEqual(['V1', '_x']);
      expect(
        (await state.tags(repository, { last: 'nothing', limit: 9 })).map((tag) => tag.tag),
      ).toEqual(['v1']);
    });

    it('deletes a tag, keeps its manifest and its history', async () => {
      await publish({ manifests: [manifest(one!)], tags: tagsAt(one!, 'latest') });
      now += 5;
      expect(await state.deleteTag(repository, 'latest')).toBe(true);
      expect(await state.tag(repository, 'latest')).toBeUndefined();
      expect((await state.manifests(repository, [one!])).size).toBe(1);
      expect(await historyOf('latest')).toEqual([
        { digest: undefined, at: now },
        { digest: one!, at: now - 5 },
      ]);
    });

    it('deletes a tag only from where it is expected to be', async () => {
      await publish({ manifests: [manifest(one!)], tags: tagsAt(one!, 'latest') });
      expect(await state.deleteTag(repository, 'latest', two!)).toBe(false);
      expect((await state.tag(repository, 'latest'))?.digest).toBe(one);
      expect(await historyOf('latest')).toHaveLength(1);
      expect(await state.deleteTag(repository, 'latest', one!)).toBe(true);
      expect(await state.deleteTag(repository, 'latest', one!)).toBe(false);
      expect(await historyOf('latest')).toHaveLength(2);
    });

    it('tells the history of all tags of a repository, page by page', async () => {
      await publish({
        manifests: [manifest(one!), manifest(two!)],
        tags: [...tagsAt(one!, 'a'), ...tagsAt(two!, 'b')],
      });
      await publish({
        repository: 'other',
        manifests: [manifest(one!)],
        tags: tagsAt(one!, 'a'),
      });
      now += 5;
      await state.deleteTag(repository, 'a');
      await state.moveTag(repository, { tag: 'b', digest: one!, expected: two! });
      const page = (before: number | undefined, limit: number): Promise<readonly TagEvent[]> =>
        state.tagHistory(repository, { tag: undefined, before, limit });
      const newest = await page(undefined, 3);
      expect(newest.map(({ tag, digest, at }) => [tag, digest, at])).toEqual([
        ['b', one, now],
        ['a', undefined, now],
        ['b', two, now - 5],
      ]);
      const oldest = await page(newest[2]!.sequence, 3);
      expect(oldest.map(({ tag, digest, at }) => [tag, digest, at])).toEqual([['a', one, now - 5]]);
      const ofA = { tag: 'a', before: newest[1]!.sequence, limit: 3 };
      expect(await state.tagHistory(repository, ofA)).toEqual(oldest);
    });

    it('sums up repositories in byte order, page by page, without those that are left out', async () => {
      const blobs = [{ digest: one!, sizeBytes: 1 }];
      await publish({ repository: 'c', blobs });
      for (const name of ['b', 'a/z', 'a-b', 'd'])
        await publish({
          repository: name,
          manifests: [manifest(one!), manifest(two!)],
          tags: tagsAt(one!, 'x', 'y'),
        });
      now += 5;
      await state.moveTag('a-b', { tag: 'x', digest: two!, expected: one! });
      await state.deleteTag('d', 'y');
      await state.deleteManifest('b', one!);
      const list = async (
        request: Partial<Parameters<RegistryState['summaries']>[0]>,
      ): Promise<readonly (readonly unknown[])[]> =>
        (await state.summaries({ ...all, except: [], ...request })).map(
          ({ repository: name, tags, newest }) => [name, tags, newest?.digest, newest?.at],
        );
      expect(await list({})).toEqual([
        ['a-b', 2, two, now],
        ['a/z', 2, one, now - 5],
        ['b', 0, undefined, now],
        ['c', 0, undefined, undefined],
        ['d', 1, undefined, now],
      ]);
      const names = async (request: Parameters<typeof list>[0]): Promise<readonly unknown[]> =>
        (await list(request)).map(([name]) => name);
      expect(await names({ last: 'a-b', limit: 2 })).toEqual(['a/z', 'b']);
      expect(await names({ limit: 2, except: ['b', 'a-b', 'none'] })).toEqual(['a/z', 'c']);
      const [first] = await state.summaries({ ...all, except: [] });
      expect(first?.newest).toEqual(
        (await state.tagHistory('a-b', { tag: undefined, before: undefined, limit: 1 }))[0],
      );
      const summaries = await state.summaries({ ...all, except: ['b'] });
      expect(await state.newestEvents(['c', 'none', 'd', 'a/z', 'a-b', 'd'])).toEqual(
        new Map(
          summaries.flatMap(({ repository: name, newest }) =>
            newest === undefined ? [] : [[name, newest] as const],
          ),
        ),
      );
      expect(await state.newestEvents([])).toEqual(new Map());
    });

    it('says by a number whether a tag of any repository changed', async () => {
      await publish({ manifests: [manifest(one!)], tags: tagsAt(one!, 'a') });
      const first = await state.newestSequence();
      await publish({ manifests: [manifest(one!)], tags: tagsAt(one!, 'a') });
      await publish({ repository: 'other', manifests: [manifest(one!)] });
      expect(await state.newestSequence()).toBe(first);
      await state.moveTag('other', { tag: 'a', digest: one!, expected: 'any' });
      const second = await state.newestSequence();
      await state.deleteTag(repository, 'a');
      const third = await state.newestSequence();
      expect([first > 0, second > first, third > second]).toEqual([true, true, true]);
    });

    it('knows content by a second name where that was given, for as long as it is there', async () => {
      const [blobName, manifestName, never] = ['1', '2', '3'].map((text) => sha512Of(text));
      const names = [blobName!, manifestName!, never!];
      await publish({ blobs: [{ digest: one!, sizeBytes: 5 }], manifests: [manifest(two!)] });
      expect((await state.named(repository, names)).size).toBe(0);
      await publish({ blobs: [{ digest: one!, sizeBytes: 5, sha512: blobName }] });
      await publish({
        manifests: [manifest(two!, { sha512: manifestName })],
        tags: [{ tag: 'a', digest: two!, sha512: manifestName, expected: 'any' }],
      });
      await publish({
        blobs: [{ digest: one!, sizeBytes: 5 }],
        manifests: [manifest(two!)],
        tags: tagsAt(two!, 'b'),
      });
      expect(await state.named(repository, names)).toEqual(
        new Map([
          [blobName, one],
          [manifestName, two],
        ]),
      );
      expect((await state.manifests(repository, [two!])).get(two!)?.sha512).toBe(manifestName);
      expect((await state.tag(repository, 'a'))?.sha512).toBe(manifestName);
      expect((await state.tag(repository, 'b'))?.sha512).toBeUndefined();
      await state.moveTag(repository, { tag: 'a', digest: two!, expected: 'any' });
      expect((await state.tag(repository, 'a'))?.sha512).toBe(manifestName);
      await publish({ manifests: [manifest(three!)], tags: tagsAt(three!, 'a') });
      expect((await state.tag(repository, 'a'))?.sha512).toBeUndefined();
      expect((await state.named('other', names)).size).toBe(0);
      await state.unlinkBlob(repository, one!);
      await state.deleteManifest(repository, two!);
      await publish({ blobs: [{ digest: one!, sizeBytes: 5 }], manifests: [manifest(two!)] });
      expect((await state.named(repository, names)).size).toBe(0);
    });

    it('lists referrers of a subject under either of its names', async () => {
      const name = sha512Of('one');
      await publish({
        manifests: [manifest(two!, { subject: one! }), manifest(three!, { subject: name })],
      });
      const list = async (subject: OciDigest): Promise<readonly Digest[]> =>
        (await state.referrers(repository, subject, { ...all, artifactType: undefined })).map(
          (each) => each.digest,
        );
      expect([await list(one!), await list(name)]).toEqual([[two], [three]]);
      await publish({ manifests: [manifest(one!, { sha512: name })] });
      const both = [two!, three!].toSorted();
      expect([await list(one!), await list(name)]).toEqual([both, both]);
      expect((await state.manifests(repository, [three!])).get(three!)?.subject).toBe(name);
    });

    it('deletes a manifest with its tags, and no others', async () => {
      await publish({
        manifests: [manifest(one!), manifest(two!)],
        tags: [...tagsAt(one!, 'a', 'b'), ...tagsAt(two!, 'c')],
      });
      expect(await state.deleteManifest(repository, one!)).toBe(true);
      expect((await state.tags(repository, all)).map((tag) => tag.tag)).toEqual(['c']);
      expect((await historyOf('a', 1))[0]?.digest).toBeUndefined();
      expect((await state.manifests(repository, [one!, two!])).size).toBe(1);
      expect(await state.hasRepository(repository)).toBe(true);
    });

    it('lists the referrers of a subject, filtered and page by page, also of an absent subject', async () => {
      const sbom = 'application/vnd.example.sbom';
      const referrers = Array.from({ length: 20 }, (_, index) =>
        manifest(digestOf(`referrer ${index}`), {
          subject: three!,
          artifactType: index % 2 === 0 ? sbom : 'application/vnd.example.signature',
          annotations: { index: `${index}` },
        }),
      );
      await publish({ manifests: [...referrers, manifest(one!, { subject: two! })] });
      await publish({ repository: 'other', manifests: [manifest(two!, { subject: three! })] });
      const sorted = referrers.map((each) => each.digest).sort();
      const list = async (
        filter: Partial<Parameters<RegistryState['referrers']>[2]>,
      ): Promise<Digest[]> =>
        (
          await state.referrers(repository, three!, { ...all, artifactType: undefined, ...filter })
        ).map((each) => each.digest);
      expect(await list({})).toEqual(sorted);
      expect(await list({ limit: 2 })).toEqual(sorted.slice(0, 2));
      expect(await list({ limit: 2, last: sorted[1]! })).toEqual(sorted.slice(2, 4));
      expect(await list({ artifactType: sbom })).toHaveLength(10);
      expect(await list({ artifactType: 'application/none' })).toEqual([]);
      const each: Digest[] = [];
      for await (const { digest } of eachReferrer(state, { repository, subject: three! }))
        each.push(digest);
      expect(each).toEqual(sorted);
      const [first] = await state.referrers(repository, three!, { ...all, artifactType: sbom });
      expect(first).toEqual({
        ...referrers.find((each) => each.digest === first?.digest),
        repository,
      });
    });
  });
}
