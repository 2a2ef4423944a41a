import { digestOf } from '@kiln/base';
import { expect, test } from 'vitest';
import { archivedConfigName, archivedLayerName, printArchiveManifest } from './index.ts';

test('an archive names configurations by their digest and layers as files', () => {
  const [config, layer] = [digestOf('config'), digestOf('layer')];
  const bytes = printArchiveManifest([
    {
      config: archivedConfigName(config),
      tags: ['a:1', 'b:<2>'],
      layers: [archivedLayerName(layer)],
    },
  ]);
  expect(Buffer.from(bytes).toString()).toBe(
    `[{"Config":"${archivedConfigName(config)}","RepoTags":["a:1","b:\\u003c2\\u003e"],"Layers":["${archivedLayerName(layer)}"]}]`,
  );
  expect(archivedConfigName(config)).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(archivedLayerName(layer)).toMatch(/^[0-9a-f]{64}\.tar\.gz$/);
});
