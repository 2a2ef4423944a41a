import type { KeyObject } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Digest } from '@kiln/base';
import { digestOf } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { ImageResult, RegistryManifest, RegistryState } from '@kiln/factory';
import { bundleManifest } from '@kiln/intoto';
import type { RuntimeConfig } from '@kiln/oci';
import {
  descriptorOf,
  mediaTypes,
  printConfig,
  printIndex,
  printManifest,
  referrerDescriptor,
} from '@kiln/oci';
import { fileEntry, tarBytes } from '@kiln/tar';
import {
  IMAGE_BUILD_TYPE,
  KILN_BUILDER_ID,
  imageStatements,
  signStatementBytes,
} from '@kiln/trust';

/** A package that a version has. */
export interface FixturePackage {
  readonly name: string;
  readonly version: string;
  /** Default: one that follows from name and version. */
  readonly checksum?: string;
  readonly depends?: readonly string[];
  readonly provides?: readonly string[];
}

export interface FixtureVersion {
  readonly name: string;
  readonly tags: readonly string[];
  readonly packages: readonly FixturePackage[];
  /** Packages that its configuration asks for. */
  readonly asked: readonly string[];
  readonly config: RuntimeConfig;
  /** Other files that it has: their texts by path. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface FixtureFactory {
  readonly registry: Pick<RegistryState, 'publish'>;
  readonly blobs: Pick<BlobStore, 'put'>;
  readonly privateKey: KeyObject;
}

/** Publishes a small image with signed statements as a reconciler would, for tests; what it returns is to be recorded. */
export async function publishVersion(
  factory: FixtureFactory,
  plan: FixtureVersion,
): Promise<ImageResult> {
  const { name, packages, config, files = {} } = plan;
  const archive = tarBytes([
    ...Object.entries(files).map(([path, text]) => member(path, text)),
    member('etc/apk/world', packages.map((one) => `${one.name}=${one.version}\n`).join('')),
    member('usr/lib/apk/db/installed', packages.map(record).join('')),
  ]);
  const layer = gzipSync(archive);
  const diffId = digestOf(archive);
  const configBytes = printConfig({
    architecture: 'amd64',
    os: 'linux',
    diffIds: [diffId],
    config,
  });
  const layerDescriptor = descriptorOf(mediaTypes.layerGzip, layer);
  const configDescriptor = descriptorOf(mediaTypes.config, configBytes);
  const manifest = printManifest({
    mediaType: mediaTypes.manifest,
    config: configDescriptor,
    layers: [layerDescriptor],
  });
  const manifestDescriptor = descriptorOf(mediaTypes.manifest, manifest);
  const index = printIndex({ mediaType: mediaTypes.index, manifests: [manifestDescriptor] });
  const statements = [index, manifest].flatMap((subject) =>
    statementsAbout(factory, plan, subject),
  );
  const blobs = [layer, configBytes, ...statements.map(({ bundle }) => bundle)];
  const manifests = [index, manifest, ...statements.map((one) => one.manifest)];
  for (const bytes of [...blobs, ...manifests]) await factory.blobs.put(bytes);
  const publication = {
    blobs: blobs.map((bytes) => ({ digest: digestOf(bytes), sizeBytes: bytes.length })),
    manifests: manifests.map(listed),
  };
  await factory.registry.publish({
    repository: name,
    ...publication,
    tags: plan.tags.map((tag) => ({ tag, digest: digestOf(index), expected: 'any' })),
  });
  return {
    kind: 'image',
    repository: name,
    tags: plan.tags,
    index: digestOf(index),
    manifest: manifestDescriptor.digest,
    config: configDescriptor.digest,
    layers: [{ digest: layerDescriptor.digest, diffId, sizeBytes: layer.length }],
    sizeBytes: layer.length + configBytes.length,
    packages: packages.map((one) => ({
      name: one.name,
      version: one.version,
      checksum: checksumOf(one),
      license: 'MIT',
      origin: one.name,
      installedSizeBytes: 1_000,
    })),
    test: { passed: true, steps: [] },
    attachments: statements.map((one) => ({
      subject: one.subject,
      predicateType: one.predicateType,
      manifest: digestOf(one.manifest),
    })),
    publication,
  };
}

function member(
  path: string,
  text: string,
): { readonly entry: ReturnType<typeof fileEntry>; readonly content: Uint8Array } {
  return { entry: fileEntry(path, Buffer.byteLength(text)), content: Buffer.from(text) };
}

function record(one: FixturePackage): string {
  const { name, version, depends = [], provides = [] } = one;
  return [
    `C:${checksumOf(one)}`,
    `P:${name}`,
    `V:${version}`,
    `D:${depends.join(' ')}`,
    `p:${provides.join(' ')}`,
    '\n',
  ].join('\n');
}

function checksumOf({ name, version, checksum }: FixturePackage): string {
  const bytes = Buffer.from(digestOf(`${name} ${version}`).slice('sha256:'.length, 47), 'hex');
  return checksum ?? `Q1${bytes.toString('base64')}`;
}

interface FixtureStatement {
  readonly subject: Digest;
  readonly predicateType: string;
  readonly bundle: Uint8Array;
  readonly manifest: Uint8Array;
}

function statementsAbout(
  { privateKey }: FixtureFactory,
  { name, packages, asked }: FixtureVersion,
  subject: Uint8Array,
): readonly FixtureStatement[] {
  const bill = { packages: packages.map((one) => ({ name: one.name })), spdxVersion: 'SPDX-2.3' };
  const about = referrerDescriptor(subject);
  const statements = imageStatements({
    name,
    digest: about.digest,
    sbom: [Buffer.from(JSON.stringify(bill))],
    provenance: {
      buildType: IMAGE_BUILD_TYPE,
      externalParameters: {
        name,
        configuration: JSON.stringify({ contents: { packages: asked } }),
        architectures: ['x86_64'],
      },
      internalParameters: {},
      resolvedDependencies: [],
      builderId: KILN_BUILDER_ID,
      builderVersion: {},
      byproducts: [],
    },
    tests: { configuration: [], passedTests: [], warnedTests: [], failedTests: [] },
  });
  return statements.map(({ bytes, predicateType }) => {
    const bundle = signStatementBytes(privateKey, bytes);
    const manifest = bundleManifest({
      bundle: { digest: digestOf(bundle), sizeBytes: bundle.length },
      subject: about,
      predicateType,
      created: '2026-09-01T12:00:00Z',
    });
    return { subject: about.digest, predicateType, bundle, manifest };
  });
}

function listed(bytes: Uint8Array): Omit<RegistryManifest, 'repository'> {
  const { digest, mediaType, sizeBytes, artifactType, annotations } = referrerDescriptor(bytes);
  const { subject } = JSON.parse(Buffer.from(bytes).toString()) as {
    readonly subject?: { readonly digest: Digest };
  };
  return {
    digest,
    mediaType,
    sizeBytes,
    subject: subject?.digest,
    artifactType,
    annotations: annotations ?? {},
  };
}
