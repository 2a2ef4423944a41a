import { digestOf } from '@kiln/base';
import { expect, test } from 'vitest';
import { documentShapes } from './shapes.ts';

const config = { mediaType: 'application/vnd.oci.empty.v1+json', size: 2, digest: digestOf('{}') };
const names = (value: unknown): object =>
  Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`n${at}`, value]));
const many = (value: unknown): unknown[] => Array.from({ length: 1000 }, () => value);

test.each([
  [{ layers: many({}) }, ['layers', 0, 'mediaType']],
  [{ layers: many(1) }, ['layers', 0]],
  [{ layers: [config, { ...config, size: -1 }] }, ['layers', 1, 'size']],
  [{ layers: { length: 3 } }, ['layers']],
  [{ annotations: names(1) }, ['annotations', 'n0']],
  [{ annotations: [] }, ['annotations']],
  [{ annotations: 'a' }, ['annotations']],
  [{ config: { ...config, urls: many(null) } }, ['config', 'urls', 0]],
  [{ config: { ...config, annotations: names({}) } }, ['config', 'annotations', 'n0']],
])('of what is wrong with a document the first is told, not a million: case %#', (wrong, path) => {
  const document = { schemaVersion: 2, config, layers: [], ...wrong };
  const { error } = documentShapes().ofRegistries.manifest.safeParse(document);
  expect(error?.issues.map((issue) => issue.path)).toEqual([path]);
});
