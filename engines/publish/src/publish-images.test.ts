import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { digestOf, hexOf } from '@kiln/base';
import { MemoryBlobs, composeBlob } from '@kiln/blobs';
import { MemoryRegistryState, imageKey } from '@kiln/factory';
import { MemoryRecords } from '@kiln/factory/testing';
import { COSIGN_SIGN_PREDICATE, SPDX_PREDICATE, parseBundle, parseStatement } from '@kiln/intoto';
import { mediaTypes, parseManifest } from '@kiln/oci';
import { localSigner, openSigningKeys, verifyBundle } from '@kiln/trust';
import type { Signer } from '@kiln/trust';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ComposedImage } from './composed-image.ts';
import type { PublishedImage } from './publish-images.ts';
import { publishImages } from './publish-images.ts';
import { composeStatement, storeSegments, storeStatementSegments } from './statement-segments.ts';

const pem = { type: 'pkcs8', format: 'pem' } as const;
const imageKeyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const keys = openSigningKeys({
  apkPem: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem).toString(),
  imagePem: imageKeyPair.export(pem).toString(),
});
const publicKey = createPublicKey(imageKeyPair);
const all = { last: '', limit: 1000, artifactType: undefined };

let blobs: MemoryBlobs;
let records: MemoryRecords;
let registry: MemoryRegistryState;
let signer: Signer;
let compose: (name: string) => ComposedImage;

beforeEach(async () => {
  blobs = new MemoryBlobs();
  records = new MemoryRecords();
  registry = new MemoryRegistryState();
  signer = localSigner(keys, {
    isRecordedControl: () => Promise.resolve(false),
    isRecordedIndex: () => Promise.resolve(false),
    recordedStatement: () => Promise.resolve(undefined),
    recordedStatements: async (digests) =>
      new Map(
        [...(await records.ledgerOf('statement', digests))].map((digest) => [
          digest,
          () => blobs.bytes(digest),
        ]),
      ),
  });
  const [layer] = await storeSegments(blobs, [Buffer.from('a layer of many')]);
  const fragments = await storeStatementSegments(blobs, ['{"name":"a"},', '{"name":"bb"}']);
  compose = (name) => {
    const own = composeBlob([layer!, Buffer.from(name)]);
    const config = composeBlob([Buffer.from(JSON.stringify({ name }))]);
    const descriptor = { mediaType: mediaTypes.layerGzip, digest: own.digest, size: own.sizeBytes };
    const manifest = composeBlob([
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.manifest,
          config: { mediaType: mediaTypes.config, digest: config.digest, size: config.sizeBytes },
          layers: [descriptor],
        }),
      ),
    ]);
    const subject = { name: 'app', digest: manifest.digest };
    return {
      repository: 'app',
      key: imageKey('app'),
      blobs: [own, config],
      links: [],
      manifest: { blob: manifest, mediaType: mediaTypes.manifest },
      components: [],
      statements: [
        composeStatement(subject, SPDX_PREDICATE, [
          Buffer.from(`{"name":"${name}","packages":[`),
          ...fragments,
          Buffer.from(']}'),
        ]),
        composeStatement(subject, COSIGN_SIGN_PREDICATE, [Buffer.from('{}')]),
      ],
      tags: [{ tag: name, expected: 'any' }],
      created: '2026-01-01T00:00:00Z',
    };
  };
});

async function* source(names: readonly string[], taken?: string[]): AsyncIterable<ComposedImage> {
  for (const name of names) {
    taken?.push(name);
    yield compose(name);
  }
}

async function publish(
  images: AsyncIterable<ComposedImage>,
  options = { batchImages: 3, batchesMax: 2 },
): Promise<PublishedImage[]> {
  const ports = { packs: blobs, records, signer, registry };
  const published: PublishedImage[] = [];
  for await (const image of publishImages(ports, images, options)) published.push(image);
  return published;
}

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `v${at}`);

it('stores a segment of any size', async () => {
  const contents = [Buffer.from('small'), Buffer.alloc(3 * 2 ** 20, 'large')];
  for (const { blob, bytes } of await storeSegments(blobs, contents))
    expect(Buffer.compare(await blobs.bytes(blob), bytes)).toBe(0);
});

describe('images that are published', () => {
  it('are told in their order, and shown with all that is said of them', async () => {
    const published = await publish(source(names(8)));
    expect(published.map(({ manifest }) => manifest)).toEqual(
      names(8).map((name) => compose(name).manifest.blob.digest),
    );
    for (const [at, { manifest, attachments }] of published.entries()) {
      expect((await registry.tag('app', `v${at}`))?.digest).toBe(manifest);
      const { config, layers } = parseManifest(await blobs.bytes(manifest));
      const shown = [config, ...layers].map(({ digest }) => digest);
      expect((await registry.blobs('app', shown)).size).toBe(2);
      const referrers = await registry.referrers('app', manifest, all);
      expect(referrers.map(({ digest }) => digest)).toEqual(
        attachments.map((one) => one.manifest).sort(),
      );
    }
  });

  it('are whole where more of a layer or a statement is new than a pack takes', async () => {
    const small = compose('large');
    const layer = composeBlob([Buffer.alloc(2 ** 21, 'layer')]);
    const subject = { name: 'app', digest: small.manifest.blob.digest };
    const text = Buffer.from(JSON.stringify({ text: 'x'.repeat(2 ** 21) }));
    const statements = [
      composeStatement(subject, SPDX_PREDICATE, [text]),
      ...small.statements.slice(1),
    ];
    const large = { ...small, blobs: [...small.blobs, layer], statements };
    const [image] = await publish(
      (async function* () {
        yield await Promise.resolve(large);
      })(),
    );
    expect((await blobs.stat(layer.digest))?.sizeBytes).toBe(2 ** 21);
    const manifest = parseManifest(await blobs.bytes(image!.attachments[0]!.manifest));
    const bundle = parseBundle(await blobs.bytes(manifest.layers[0]!.digest));
    expect(parseStatement(bundle.envelope.payload).predicate).toEqual({
      text: 'x'.repeat(2 ** 21),
    });
  });

  it('have bundles that hold the stored statement, signed', async () => {
    const [image] = await publish(source(['one']));
    const [sbom, signature] = image!.attachments;
    expect(sbom?.predicateType).toBe(SPDX_PREDICATE);
    expect(signature?.predicateType).toBe(COSIGN_SIGN_PREDICATE);
    const manifest = parseManifest(await blobs.bytes(sbom!.manifest));
    expect(manifest.subject?.digest).toBe(image?.manifest);
    const bundle = await blobs.bytes(manifest.layers[0]!.digest);
    const statement = verifyBundle(bundle, publicKey);
    expect(statement.subject).toEqual([
      { name: 'app', digest: { sha256: hexOf(image!.manifest) } },
    ]);
    expect(statement.predicate).toEqual({
      name: 'one',
      packages: [{ name: 'a' }, { name: 'bb' }],
    });
    const payload = digestOf(parseBundle(bundle).envelope.payload);
    expect(await records.inLedger('statement', payload)).toBe(true);
    const all = [manifest.layers[0]!, manifest.config].map(({ digest }) => digest);
    expect((await registry.blobs('app', all)).size).toBe(2);
  });

  it('share segments instead of bytes', async () => {
    const [image] = await publish(source(['one']));
    const layer = parseManifest(await blobs.bytes(image!.manifest)).layers[0]!.digest;
    expect(await blobs.references(layer)).toEqual([digestOf('a layer of many')]);
    const bundle = parseManifest(await blobs.bytes(image!.attachments[0]!.manifest)).layers[0]!;
    expect(await blobs.references(bundle.digest)).toHaveLength(2);
  });

  it('whose tag is elsewhere are told as not published, and the others of their batch are', async () => {
    await publish(source(['one']));
    async function* some(): AsyncIterable<ComposedImage> {
      yield { ...compose('two'), tags: [{ tag: 'one', expected: 'absent' }] };
      yield compose('three');
    }
    expect((await publish(some())).map((image) => image.published)).toEqual([false, true]);
    const second = compose('two').manifest.blob.digest;
    expect((await registry.manifests('app', [second])).size).toBe(0);
  });
});

describe('publishing', () => {
  it('takes no more from its source than it has under way', async () => {
    const taken: string[] = [];
    const gate = Promise.withResolvers<void>();
    const sign = signer.signStatements.bind(signer);
    signer = { ...signer, signStatements: (digests) => gate.promise.then(() => sign(digests)) };
    const done = publish(source(names(30), taken));
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toHaveLength(6);
    gate.resolve();
    expect(await done).toHaveLength(30);
  });

  it('stops at a batch that fails: those before are told and shown, none after', async () => {
    let calls = 0;
    const sign = signer.signStatements.bind(signer);
    signer = {
      ...signer,
      signStatements: (digests) =>
        ++calls === 3 ? Promise.reject(new Error('the signer is away')) : sign(digests),
    };
    const ports = { packs: blobs, records, signer, registry };
    const told: PublishedImage[] = [];
    const run = async (): Promise<void> => {
      const images = source(names(30));
      for await (const image of publishImages(ports, images, { batchImages: 3, batchesMax: 4 }))
        told.push(image);
    };
    await expect(run()).rejects.toThrow('the signer is away');
    expect(told).toHaveLength(6);
    expect(await registry.tags('app', { last: '', limit: 100 })).toHaveLength(6);
    expect(await publish(source(names(30)))).toHaveLength(30);
  });

  it('of the same images again changes nothing', async () => {
    await publish(source(names(4)));
    const before = await registry.tagHistory('app', {
      tag: undefined,
      before: undefined,
      limit: 99,
    });
    await publish(source(names(4)));
    expect(
      await registry.tagHistory('app', { tag: undefined, before: undefined, limit: 99 }),
    ).toEqual(before);
  });

  it('of nothing is nothing', async () => {
    expect(await publish(source([]))).toEqual([]);
  });
});
