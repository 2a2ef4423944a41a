import { digestOf } from '@kiln/base';
import type { ActionResult, KeyState } from '@kiln/factory';
import { expect, test } from 'vitest';
import { imageDetail } from './views.ts';

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
const records = (states: readonly KeyState[]) => ({
  state: async (key: string) => states.find((one) => one.key === key),
  action: async (asked: string) => (asked === action ? result : undefined),
});

test('an image is found by its name, without the others', async () => {
  expect(await imageDetail(records([state]), 'nginx', addresses)).toMatchObject({
    name: 'nginx',
    reference: 'localhost:1/nginx:latest',
    digest: digestOf('index'),
    updatedAt: 5,
  });
});

test('an image that is not there, or not published yet, is not found', async () => {
  expect(await imageDetail(records([state]), 'none', addresses)).toBeUndefined();
  expect(
    await imageDetail(records([{ ...state, action: undefined }]), 'nginx', addresses),
  ).toBeUndefined();
});
