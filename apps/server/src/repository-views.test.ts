import { digestOf } from '@kiln/base';
import type { Desired } from '@kiln/factory';
import { MemoryRegistryState } from '@kiln/factory';
import { beforeEach, expect, test } from 'vitest';
import type { RepositoriesRequest } from './repository-views.ts';
import { listRepositories } from './repository-views.ts';

const digest = digestOf('manifest');
const manifest = {
  digest,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  sizeBytes: 1,
  subject: undefined,
  artifactType: undefined,
  annotations: {},
};
const desired = (key: string, kind: Desired['kind']): Desired =>
  ({ key, kind, name: key.split(':')[1] }) as Desired;

let registry: MemoryRegistryState;

beforeEach(async () => {
  registry = new MemoryRegistryState({ clock: { now: () => 7 } });
  for (const repository of ['custom/nginx', 'nginx', 'team/app', 'zlib']) {
    const tags = [{ tag: 'debug', digest, expected: 'any' as const }];
    await registry.publish({ repository, blobs: [], manifests: [manifest], tags });
  }
});

const list = (request: Partial<RepositoriesRequest>): ReturnType<typeof listRepositories> => {
  const records = {
    // A package takes no name from the registry.
    listDesired: () =>
      Promise.resolve([desired('image:nginx', 'image'), desired('package:zlib', 'package')]),
  };
  return listRepositories(
    { records, registry },
    { after: '', limit: 10, others: false, ...request },
  );
};

test('repositories say whether they are an image of a catalog, and what changed last', async () => {
  await registry.deleteTag('team/app', 'debug');
  await registry.publish({
    repository: 'unfinished',
    blobs: [{ digest, sizeBytes: 1 }],
    manifests: [],
    tags: [],
  });
  const newest = { tag: 'debug', digest, at: 7 };
  expect(await list({})).toEqual({
    repositories: [
      { name: 'custom/nginx', ofCatalog: false, tags: 1, newest },
      { name: 'nginx', ofCatalog: true, tags: 1, newest },
      { name: 'team/app', ofCatalog: false, tags: 0, newest: { ...newest, digest: null } },
      { name: 'unfinished', ofCatalog: false, tags: 0, newest: null },
      { name: 'zlib', ofCatalog: false, tags: 1, newest },
    ],
    next: null,
  });
});

test('the others alone fill their pages, and the last page says that it is the last', async () => {
  const pages: (readonly string[])[] = [];
  let after: string | null = '';
  while (after !== null) {
    const page: Awaited<ReturnType<typeof list>> = await list({ others: true, limit: 2, after });
    pages.push(page.repositories.map((one) => one.name));
    after = page.next;
  }
  expect(pages).toEqual([['custom/nginx', 'team/app'], ['zlib']]);
  expect((await list({ others: true, limit: 3 })).next).toBeNull();
});
