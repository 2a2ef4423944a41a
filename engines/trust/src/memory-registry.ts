import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { bundleManifest, parseStatement, printStatement } from '@kiln/intoto';
import type { Statement } from '@kiln/intoto';
import { referrerDescriptor } from '@kiln/oci';
import type { Descriptor } from '@kiln/oci';
import { IMAGE_BUILD_TYPE, KILN_BUILDER_ID } from './build-types.ts';
import type { ImageSource } from './image-source.ts';
import { imageStatements } from './image-statements.ts';
import { signStatementBytes } from './sign-statement.ts';

/** An ECDSA P-256 pair for tests. */
export function imageKeyPair(): { readonly privateKey: KeyObject; readonly publicPem: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey, publicPem };
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

/** A registry in memory whose content a test may spoil. */
export class MemoryRegistry implements ImageSource {
  readonly manifests: Map<Digest, Uint8Array> = new Map();
  readonly blobs: Map<Digest, Uint8Array> = new Map();
  /** By subject, as the referrers API would list them. */
  readonly referrers: Map<Digest, Descriptor[]> = new Map();

  readManifest(digest: Digest): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.manifests.get(digest));
  }

  readBlob(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined> {
    const bytes = this.blobs.get(digest);
    return Promise.resolve(bytes === undefined ? undefined : inHalves(bytes));
  }

  listReferrers(digest: Digest): Promise<readonly Descriptor[]> {
    return Promise.resolve(this.referrers.get(digest) ?? []);
  }

  putBlob(bytes: Uint8Array): { readonly digest: Digest; readonly size: number } {
    this.blobs.set(digestOf(bytes), bytes);
    return { digest: digestOf(bytes), size: bytes.length };
  }

  putManifest(value: unknown): { readonly digest: Digest; readonly size: number } {
    const bytes = Buffer.from(JSON.stringify(value));
    this.manifests.set(digestOf(bytes), bytes);
    return { digest: digestOf(bytes), size: bytes.length };
  }

  /** Attaches a bundle to `subject`; the annotation says what the writer claims. */
  attach(subject: Digest, bundle: Uint8Array, claimedType: string): Descriptor {
    const { digest, size } = this.putBlob(bundle);
    const bytes = bundleManifest({
      bundle: { digest, sizeBytes: size },
      subject: {
        mediaType: manifestType,
        digest: subject,
        sizeBytes: this.manifests.get(subject)?.length ?? 0,
      },
      predicateType: claimedType,
      created: '2026-09-01T12:00:00Z',
    });
    this.manifests.set(digestOf(bytes), bytes);
    const descriptor = referrerDescriptor(bytes);
    this.referrers.set(subject, [...(this.referrers.get(subject) ?? []), descriptor]);
    return descriptor;
  }
}

async function* inHalves(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const middle = bytes.length >> 1;
  yield bytes.subarray(0, middle);
  yield bytes.subarray(middle);
}

/** Good statements about a manifest, one of each kind that verification asks for. */
export function goodStatements(digest: Digest): readonly Statement[] {
  const statements = imageStatements({
    name: 'registry.example/app',
    digest,
    sbom: [Buffer.from('{"packages":[{"name":"zlib"}],"spdxVersion":"SPDX-2.3"}')],
    provenance: {
      buildType: IMAGE_BUILD_TYPE,
      externalParameters: { name: 'app', configuration: '{}', architectures: ['x86_64'] },
      internalParameters: {},
      resolvedDependencies: [{ uri: 'pkg:apk/kiln/zlib@1', digest: { sha256: 'ab'.repeat(32) } }],
      builderId: KILN_BUILDER_ID,
      builderVersion: {},
      byproducts: [],
    },
    tests: { configuration: [], passedTests: ['serves'], warnedTests: [], failedTests: [] },
  });
  return statements.map(({ bytes }) => parseStatement(bytes));
}

export interface FixtureImage {
  readonly registry: MemoryRegistry;
  readonly index: Digest;
  readonly manifest: Digest;
  readonly config: Digest;
  readonly layer: Digest;
}

/** An index of one platform manifest, with nothing attached. */
export function bareImage(): FixtureImage {
  const registry = new MemoryRegistry();
  const layer = registry.putBlob(Buffer.from('the layer'));
  const config = registry.putBlob(
    Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: [layer.digest] },
        config: {},
      }),
    ),
  );
  const manifest = registry.putManifest({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...layer }],
  });
  const platform = { os: 'linux', architecture: 'amd64' };
  const index = registry.putManifest({
    schemaVersion: 2,
    mediaType: indexType,
    manifests: [{ mediaType: manifestType, ...manifest, platform }],
  });
  return {
    registry,
    index: index.digest,
    manifest: manifest.digest,
    config: config.digest,
    layer: layer.digest,
  };
}

/** The bare image with every statement that is required, signed by the key. */
export function signedImage(privateKey: KeyObject): FixtureImage {
  const image = bareImage();
  for (const digest of [image.index, image.manifest]) {
    for (const statement of goodStatements(digest)) {
      const bundle = signStatementBytes(privateKey, printStatement(statement));
      image.registry.attach(digest, bundle, statement.predicateType);
    }
  }
  return image;
}
