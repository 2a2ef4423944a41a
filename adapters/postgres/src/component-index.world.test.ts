import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '@kiln/base';
import { digestOf } from '@kiln/base';
import type { Component, ImageWithComponent } from '@kiln/factory';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PostgresComponentIndex } from './component-index.ts';
import { connect } from './connect.ts';
import type { Database } from './database.ts';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from './embedded.ts';
import { migrate } from './migrate.ts';
import { PostgresRegistryState } from './registry-state.ts';

let home: string;
let database: Kysely<Database>;
let state: PostgresRegistryState;
let index: PostgresComponentIndex;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'kiln-components-'));
  const { socketDirectory } = await startEmbeddedPostgres({ home });
  database = connect({ socketDirectory });
  await migrate(database);
});

beforeEach(async () => {
  await sql`truncate registry_repository, registry_blob, registry_manifest, registry_tag, registry_tag_event,
    component, component_set, component_in_set restart identity`.execute(database);
  state = new PostgresRegistryState({ database, clock: { now: () => 1 } });
  index = new PostgresComponentIndex(database);
});

afterAll(async () => {
  await database.destroy();
  await stopEmbeddedPostgres(home);
  await rm(home, { recursive: true, force: true });
});

const apks = (...texts: readonly string[]): Component[] =>
  texts.map((text) => {
    const [name = '', version = ''] = text.split('=');
    return { type: 'apk', name, version };
  });

/** Publishes an image version under a tag, with its components. */
async function show(repository: string, tag: string, components: Component[]): Promise<Digest> {
  const digest = digestOf(JSON.stringify([repository, tag, components]));
  const manifest = {
    digest,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    sizeBytes: 1,
    subject: undefined,
    artifactType: undefined,
    annotations: {},
  };
  await state.publish({
    repository,
    blobs: [],
    manifests: [manifest],
    components: [{ digest, components }],
    tags: [{ tag, digest, expected: 'any' }],
  });
  return digest;
}

async function imagesWith(
  name: string,
  options: { readonly tagged?: boolean; readonly limit?: number } = {},
): Promise<readonly ImageWithComponent[]> {
  const { tagged = false, limit = 100 } = options;
  const components = (await index.versions(name, 1000)).map((one) => one.id);
  const images: ImageWithComponent[] = [];
  let after: string | undefined;
  do {
    const page = await index.imagesWith({ components, tagged, after, limit });
    expect(page.images.length).toBeLessThanOrEqual(limit);
    images.push(...page.images);
    after = page.next;
  } while (after !== undefined);
  return images;
}

describe('the components of images', () => {
  it('lead to every version that has them, newest set first, with its tags', async () => {
    const old = await show('nginx', 'latest', apks('zlib=1-r0', 'nginx=1-r0'));
    const next = await show('nginx', 'latest', apks('nginx=1-r0', 'zlib=2-r0'));
    await show('static', 'latest', apks('tzdata=1-r0'));
    expect(await imagesWith('zlib')).toEqual([
      { repository: 'nginx', digest: next, tags: ['latest'], components: [3] },
      { repository: 'nginx', digest: old, tags: [], components: [2] },
    ]);
    expect((await imagesWith('zlib', { tagged: true })).map((one) => one.digest)).toEqual([next]);
    expect(await imagesWith('openssl')).toEqual([]);
    expect(await index.componentsOf('nginx', old)).toEqual(apks('nginx=1-r0', 'zlib=1-r0'));
    expect(await index.componentsOf('static', old)).toBeUndefined();
  });

  it('are written once for all images with the same', async () => {
    const one = apks('b=1-r0', 'a=1-r0');
    await show('one', 'a', one);
    await show('two', 'a', [...one.toReversed(), ...one]);
    const { rows } = await sql<{ sets: number; members: number; components: number }>`
      select (select count(*) from component_set) as sets, (select count(*) from component) as components,
        (select count(*) from component_in_set) as members`.execute(database);
    expect(rows).toEqual([{ sets: 1, components: 2, members: 2 }]);
    expect((await imagesWith('a')).map((image) => image.repository)).toEqual(['one', 'two']);
  });

  it('come page by page, each image once, also when many share a set', async () => {
    const shown: Digest[] = [];
    for (let at = 0; at < 23; at += 1)
      shown.push(await show(`r${at % 3}`, `t${at}`, apks('glibc=2-r0', `own=${at % 5}-r0`)));
    for (const limit of [1, 2, 7, 23, 100]) {
      const listed = (await imagesWith('glibc', { limit })).map((one) => one.digest);
      expect(listed.toSorted()).toEqual(shown.toSorted());
      expect((await imagesWith('glibc', { limit, tagged: true })).map((one) => one.digest)).toEqual(
        listed,
      );
    }
  });

  it('are those of the last publication that says so', async () => {
    const digest = await show('one', 'a', apks('a=1-r0'));
    const again = { repository: 'one', blobs: [], manifests: [], tags: [] };
    await state.publish({ ...again, components: [{ digest, components: apks('a=2-r0') }] });
    expect(await index.componentsOf('one', digest)).toEqual(apks('a=2-r0'));
    expect(await imagesWith('a')).toMatchObject([{ digest, components: [2] }]);
  });

  it('take many publishers of new and of equal sets at once', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        show(`r${at}`, 'a', apks(...['x', 'y', 'z', `w${at % 4}`].map((name) => `${name}=1-r0`))),
      ),
    );
    expect(await imagesWith('x')).toHaveLength(40);
    expect(await imagesWith('w3')).toHaveLength(10);
  });

  it('refuses a cursor that it never gave', async () => {
    const request = { components: [1], tagged: false, limit: 1 };
    for (const after of ['', 'x', Buffer.from('[1]').toString('base64url')])
      await expect(index.imagesWith({ ...request, after })).rejects.toMatchObject({
        code: 'COMPONENT_CURSOR',
      });
  });
});
