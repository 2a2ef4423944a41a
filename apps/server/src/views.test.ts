import { digestOf } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { ActionResult, KeyState, TagEvent } from '@kiln/factory';
import { expect, test } from 'vitest';
import { imageDetail, listImages } from './views.ts';

const action = digestOf('action');
const result: ActionResult = {
  kind: 'image',
  repository: 'nginx',
  tags: ['latest'],
  index: digestOf('index'),
  manifest: digestOf('manifest'),
  config: digestOf('config'),
  layers: [],
  sizeBytes: 1,
  packages: [],
  test: { passed: true, steps: [] },
  attachments: [],
  publication: { blobs: [], manifests: [] },
};
const state: KeyState = {
  key: 'image:nginx',
  desired: digestOf('desired'),
  status: 'ready',
  stage: '',
  waitingFor: [],
  errorCode: '',
  errorMessage: '',
  errorHint: '',
  action,
  updatedAt: 5,
};
const addresses = {
  version: '1',
  home: '/home',
  console: '',
  registry: 'localhost:1',
  packages: '',
  key: '/key',
};

// A catalog may have many images: no other one is looked at.
const ports = (one: KeyState, events: readonly TagEvent[] = []) => ({
  records: {
    state: async (key: string) => (one.key === key ? one : undefined),
    action: async (asked: string) => (asked === action ? result : undefined),
  },
  registry: {
    newestEvents: async () => new Map(events.map((event) => [result.repository, event] as const)),
  },
  blobs: new MemoryBlobs(),
});

test('an image is found by its name, without the others', async () => {
  expect(await imageDetail(ports(state), 'nginx', addresses)).toMatchObject({
    name: 'nginx',
    reference: 'localhost:1/nginx:latest',
    digest: digestOf('index'),
    updatedAt: 5,
  });
});

test('an image that is not there, or not published yet, is not found', async () => {
  expect(await imageDetail(ports(state), 'none', addresses)).toBeUndefined();
  expect(
    await imageDetail(ports({ ...state, action: undefined }), 'nginx', addresses),
  ).toBeUndefined();
});

test('an image changed when its tags did, not when what is wanted of it did', async () => {
  const moved = { tag: 'latest', digest: digestOf('index'), at: 3, sequence: 1 };
  const tagged = ports(state, [moved]);
  expect(await imageDetail(tagged, 'nginx', addresses)).toMatchObject({ updatedAt: 3 });
  const records = {
    listStates: async () => [state],
    actions: async () => new Map([[action, result]]),
  };
  expect(await listImages({ ...tagged, records }, 'localhost:1')).toMatchObject([{ updatedAt: 3 }]);
});

test('many images are listed in as many queries as one', async () => {
  const names = Array.from({ length: 50 }, (_, at) => `image-${at}`);
  const queries: string[] = [];
  const listed = await listImages(
    {
      records: {
        async listStates() {
          queries.push('states');
          return [
            { ...state, key: 'package:image@x86_64', action: digestOf('package') },
            { ...state, key: 'image:pending', action: undefined },
            ...names.map((name): KeyState => ({
              ...state,
              key: `image:${name}`,
              action: digestOf(name),
            })),
          ];
        },
        async actions(asked) {
          queries.push('actions');
          expect(asked).toEqual(names.map((name) => digestOf(name)));
          return new Map(names.map((name) => [digestOf(name), { ...result, repository: name }]));
        },
      },
      registry: {
        async newestEvents(repositories) {
          queries.push('events');
          expect(repositories).toEqual(names);
          return new Map();
        },
      },
    },
    'localhost:1',
  );
  expect(listed.map(({ name }) => name)).toEqual(names);
  expect(queries).toEqual(['states', 'actions', 'events']);
});
