import { emptyImageConfig, imageConfigYaml, parseImageConfig } from '@kiln/image-config';
import { expect, test } from 'vitest';
import { overlayOfFile } from './image-compose.ts';

test('nothing of an overlay file is lost: what the factory refuses, it has to see', () => {
  const text = 'include: x.yaml\nvcs-url: https://example.org/a@b\nwork-dir: /a\n';
  const own = { ...emptyImageConfig, workDir: '/b' };
  expect(
    parseImageConfig(imageConfigYaml(overlayOfFile(parseImageConfig(text, 'f'), own)), 'g'),
  ).toEqual({
    ...own,
    include: 'x.yaml',
    vcsUrl: 'https://example.org/a@b',
  });
});
