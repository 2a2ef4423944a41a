import { digestOf, hexOf } from '@kiln/base';
import { expect, test } from 'vitest';
import { layoutBlobPath, layoutMarker } from './index.ts';

test('a layout says so in a file, and keeps blobs by the algorithm and the digest', () => {
  expect(layoutMarker.name).toBe('oci-layout');
  expect(JSON.parse(layoutMarker.text)).toEqual({ imageLayoutVersion: '1.0.0' });
  const digest = digestOf('x');
  expect(layoutBlobPath(digest)).toBe(`blobs/sha256/${hexOf(digest)}`);
});
