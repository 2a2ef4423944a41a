import { digestOf, sha512Of } from '@kiln/base';
import { mediaTypes } from '@kiln/oci';
import { describe, expect, it } from 'vitest';
import { parsePushedManifest } from './manifest-document.ts';

const descriptor = { mediaType: mediaTypes.layerGzip, size: 5, digest: digestOf('layer') };
const config = { mediaType: mediaTypes.config, size: 2, digest: digestOf('{}') };

function parse(
  document: unknown,
  contentType: string | undefined = mediaTypes.manifest,
  limit = 100,
) {
  return parsePushedManifest(
    new TextEncoder().encode(JSON.stringify(document)),
    contentType,
    limit,
  );
}

describe('a pushed manifest', () => {
  it('names its config, layers and subject', () => {
    const pushed = parse({
      schemaVersion: 2,
      config,
      layers: [descriptor],
      subject: { ...descriptor, digest: digestOf('subject') },
      annotations: { a: 'b' },
      unknown: [1],
    });
    expect(pushed).toEqual({
      mediaType: mediaTypes.manifest,
      subject: digestOf('subject'),
      artifactType: mediaTypes.config,
      annotations: { a: 'b' },
      blobs: [
        { digest: config.digest, sizeBytes: 2, optional: false },
        { digest: descriptor.digest, sizeBytes: 5, optional: false },
      ],
      members: [],
    });
  });

  it('may name what it lists by SHA-512', () => {
    const [layer, subject] = [sha512Of('layer'), sha512Of('subject')];
    const pushed = parse({
      schemaVersion: 2,
      config,
      layers: [{ ...descriptor, digest: layer }],
      subject: { ...descriptor, digest: subject },
    });
    expect(pushed.blobs.map(({ digest }) => digest)).toEqual([config.digest, layer]);
    expect(pushed.subject).toBe(subject);
    const bad = { ...descriptor, digest: 'sha512:abc' };
    expect(() => parse({ schemaVersion: 2, config, layers: [bad] })).toThrow(
      'neither a sha256 nor a sha512 digest',
    );
  });

  it('has the artifact type it says, or that of its config; an index only its own', () => {
    const artifactType = 'application/vnd.example';
    expect(parse({ schemaVersion: 2, config, layers: [], artifactType }).artifactType).toBe(
      artifactType,
    );
    expect(parse({ schemaVersion: 2, config, layers: null, artifactType: '' }).artifactType).toBe(
      config.mediaType,
    );
    expect(
      parse({ schemaVersion: 2, manifests: [] }, mediaTypes.index).artifactType,
    ).toBeUndefined();
  });

  it('need not bring layers that live elsewhere', () => {
    const type = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
    const foreign = [
      { ...descriptor, mediaType: type },
      { ...descriptor, urls: ['https://example.org/layer'] },
    ];
    const { blobs } = parse({ schemaVersion: 2, config, layers: [...foreign, descriptor] });
    expect(blobs.map((each) => each.optional)).toEqual([false, true, true, false]);
  });

  it('may have parameters on its content type, or none at all', () => {
    const document = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] };
    expect(parse(document, `${mediaTypes.index}; charset=utf-8`).mediaType).toBe(mediaTypes.index);
    expect(parsePushedManifest(Buffer.from(JSON.stringify(document)), undefined, 9).mediaType).toBe(
      mediaTypes.index,
    );
  });

  it('is refused when it is not one thing', () => {
    for (const [document, type] of [
      [{ schemaVersion: 2, config, layers: [], manifests: [] }, mediaTypes.manifest],
      [{ schemaVersion: 2, manifests: [], layers: [] }, mediaTypes.index],
      [{ schemaVersion: 2, manifests: [], Layers: [] }, mediaTypes.index],
      [{ schemaVersion: 2, config, layers: [], MANIFESTS: [] }, mediaTypes.manifest],
      [{ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] }, mediaTypes.manifest],
      [{ schemaVersion: 1, config, layers: [] }, mediaTypes.manifest],
      [{ schemaVersion: 2, config, layers: [] }, 'application/json'],
      [
        { schemaVersion: 2, config, layers: [{ ...descriptor, digest: 'sha256:../..' }] },
        mediaTypes.manifest,
      ],
      [{ schemaVersion: 2, config, layers: [{ ...descriptor, size: -1 }] }, mediaTypes.manifest],
      [{ schemaVersion: 2, config, layers: [], annotations: { a: 1 } }, mediaTypes.manifest],
      [{ schemaVersion: 2, config, layers: [], artifactType: 'a\0b' }, mediaTypes.manifest],
      [[], mediaTypes.manifest],
      [null, mediaTypes.manifest],
    ] as const) {
      expect(() => parse(document, type)).toThrow(
        expect.objectContaining({ code: 'REGISTRY_MANIFEST_INVALID' }),
      );
    }
    const notJson = Uint8Array.of(0xff, 0xfe);
    expect(() => parsePushedManifest(notJson, mediaTypes.manifest, 9)).toThrow(
      'not a JSON document',
    );
  });

  it('has a limited number of descriptors', () => {
    const layers = Array.from({ length: 3 }, () => descriptor);
    expect(parse({ schemaVersion: 2, config, layers }, mediaTypes.manifest, 3).blobs).toHaveLength(
      4,
    );
    expect(() => parse({ schemaVersion: 2, config, layers }, mediaTypes.manifest, 2)).toThrow(
      'more than 2',
    );
  });
});
