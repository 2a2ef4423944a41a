import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { digestOf, hexOf } from '@kiln/base';
import { parseImageConfig } from '@kiln/image-config';
import { descriptorOf, mediaTypes, printConfig, printIndex, printManifest } from '@kiln/oci';
import type { Descriptor } from '@kiln/oci';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { baseImageOf, baseLayerFile } from './base-image.ts';
import type { LocatedBase } from './base-image.ts';

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-base-image-'));
  fs.mkdirSync(path.join(folder, 'blobs/sha256'), { recursive: true });
  fs.mkdirSync(path.join(folder, 'x86_64'));
  fs.writeFileSync(path.join(folder, 'x86_64/APKINDEX'), 'P:glibc\nV:1\n\n');
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

function put(bytes: Uint8Array, mediaType: string): Descriptor {
  const descriptor = descriptorOf(mediaType, bytes);
  fs.writeFileSync(path.join(folder, 'blobs/sha256', hexOf(descriptor.digest)), bytes);
  return descriptor;
}

const layer = (): Descriptor => put(Buffer.from('layer'), mediaTypes.layer);

function lay(layers: readonly Descriptor[]): void {
  const diffIds = [digestOf('layer')];
  const image = { architecture: 'amd64', os: 'linux', diffIds, config: {} };
  const config = put(printConfig(image), mediaTypes.config);
  const { manifest: mediaType, index } = mediaTypes;
  const manifest = put(printManifest({ mediaType, config, layers }), mediaType);
  const text = printIndex({ mediaType: index, manifests: [manifest] });
  fs.writeFileSync(path.join(folder, 'index.json'), text);
}

function read(): LocatedBase | undefined {
  const baseimage = { image: folder, apkindex: folder };
  const config = parseImageConfig(JSON.stringify({ contents: { baseimage } }), 'image.yaml');
  return baseImageOf({ config, folders: [''] }, 'amd64');
}

const refused = (message: RegExp): unknown =>
  expect.objectContaining({
    code: 'IMAGE_BASE_IMAGE',
    message: expect.stringMatching(message) as string,
  });

test('an image with as many layers as its configuration says is taken', () => {
  lay([layer()]);
  expect(read()?.image.packages.map(({ name }) => name)).toEqual(['glibc']);
  lay([]);
  expect(read).toThrow(refused(/has 0 layers, and its configuration 1/));
  lay([layer(), layer()]);
  expect(read).toThrow(refused(/has 2 layers, and its configuration 1/));
});

test('what is no file is not read', () => {
  lay([layer()]);
  fs.rmSync(path.join(folder, 'x86_64/APKINDEX'));
  fs.symlinkSync('/dev/zero', path.join(folder, 'x86_64/APKINDEX'));
  expect(read).toThrow(refused(/APKINDEX: not a file/));
});

test('a layer is a file of its size', () => {
  const one = layer();
  const file = path.join(folder, 'blobs/sha256', hexOf(one.digest));
  expect(baseLayerFile(folder, one)).toBe(file);
  expect(() => baseLayerFile(folder, { ...one, sizeBytes: 4 })).toThrow(refused(/of 5 bytes/));
  fs.rmSync(file);
  expect(() => baseLayerFile(folder, one)).toThrow(refused(/no such file/));
  fs.symlinkSync('/dev/zero', file);
  expect(() => baseLayerFile(folder, one)).toThrow(refused(/not a file/));
});
