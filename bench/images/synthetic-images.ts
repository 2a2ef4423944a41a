import { createHash } from 'node:crypto';
import { canonicalJson, digestOf, hexOf, seededRandom } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { BlobPacks, BlobSegment } from '@kiln/blobs';
import { composeBlob } from '@kiln/blobs';
import { imageKey } from '@kiln/factory';
import type { BlobLink } from '@kiln/factory';
import { COSIGN_SIGN_PREDICATE, SLSA_PROVENANCE_PREDICATE, SPDX_PREDICATE } from '@kiln/intoto';
import { mediaTypes } from '@kiln/oci';
import { composeStatement, storeSegments, storeStatementSegments } from '@kiln/publish';
import type { ComposedImage, StatementSegment } from '@kiln/publish';

/** What is made once for each package. */
interface PackageSegments {
  readonly name: string;
  readonly layer: BlobSegment;
  readonly sbom: StatementSegment;
  readonly provenance: StatementSegment;
}

/** Stand-ins for compositions, of realistic sizes, each with content of its own. */
export interface SyntheticImages {
  /** An endless supply; `after` is where to go on. */
  images(after: number): AsyncIterable<ComposedImage>;
}

const createdAt = '2026-01-01T00:00:00Z';
const layersBelow = 11;

/** Stores the segments of `packages` packages and the layers below; `put` stores one blob. */
export async function syntheticImages(
  packs: BlobPacks,
  packages: number,
  repository: string,
): Promise<SyntheticImages> {
  const random = seededRandom(1);
  const bytes = (length: number): Uint8Array =>
    Uint8Array.from({ length }, () => Math.floor(random.next() * 256));
  const names = Array.from({ length: packages }, (_, at) => `package-${at}`);
  const below = await storeSegments(
    packs,
    Array.from({ length: layersBelow }, () => bytes(20_000)),
  );
  const layers = await storeSegments(
    packs,
    names.map(() => bytes(3000)),
  );
  const sboms = await storeStatementSegments(packs, names.map(sbomFragment));
  const provenances = await storeStatementSegments(packs, names.map(provenanceFragment));
  const segments = names.map((name, at): PackageSegments => {
    const [layer, sbom, provenance] = [layers[at], sboms[at], provenances[at]];
    if (layer === undefined || sbom === undefined || provenance === undefined)
      throw new Error(`no segments of ${name}`);
    return { name, layer, sbom, provenance };
  });
  const links = below.map(({ blob, bytes: content }) => ({
    digest: blob,
    sizeBytes: content.length,
  }));
  return {
    async *images(after) {
      for (let number = after; ; number += 1)
        yield imageOf({ number, segments, links, repository });
    },
  };
}

function imageOf(request: {
  readonly number: number;
  readonly segments: readonly PackageSegments[];
  readonly links: readonly BlobLink[];
  readonly repository: string;
}): ComposedImage {
  const { number, segments, links, repository } = request;
  const layer = composeBlob([...segments.map((one) => one.layer), noise(number, 2000)]);
  const config = composeBlob([Buffer.from(configOf(number, layer.digest, links))]);
  const manifest = composeBlob([
    Buffer.from(
      canonicalJson({
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config: descriptor(mediaTypes.config, config),
        layers: [...links, layer].map((one) => descriptor(mediaTypes.layerGzip, one)),
        annotations: { 'org.opencontainers.image.created': createdAt },
      }),
    ),
  ]);
  const subject = { name: repository, digest: manifest.digest };
  const hex = hexOf(manifest.digest);
  return {
    repository,
    key: imageKey('permutations'),
    blobs: [layer, config],
    links,
    manifest: { blob: manifest, mediaType: mediaTypes.manifest },
    components: segments.map(({ name }) => ({ type: 'apk', name, version: '1.2.3-r4' })),
    statements: [
      composeStatement(subject, SPDX_PREDICATE, [
        Buffer.from(sbomHead(hex)),
        ...segments.map((one) => one.sbom),
        Buffer.from(`{"SPDXID":"SPDXRef-Image","name":"sha256:${hex}"}],"spdxVersion":"SPDX-2.3"}`),
      ]),
      composeStatement(subject, SLSA_PROVENANCE_PREDICATE, [
        Buffer.from(provenanceHead(number)),
        ...segments.map((one) => one.provenance),
        Buffer.from(
          '{"digest":{"gitCommit":"0000000000"},"name":"base"}]},"runDetails":{"builder":{"id":"https://kiln.dev/builder/v1"}}}',
        ),
      ]),
      composeStatement(subject, COSIGN_SIGN_PREDICATE, [Buffer.from('{}')]),
    ],
    tags: [{ tag: `v${number}`, expected: 'any' }],
    created: createdAt,
  };
}

/** Bytes that do not compress, as those of a gzip member do not; the same for the same number. */
function noise(number: number, length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, at) =>
    createHash('sha256').update(`${number} ${at}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

function descriptor(
  mediaType: string,
  { digest, sizeBytes }: BlobLink,
): Readonly<Record<string, unknown>> {
  return { mediaType, digest, size: sizeBytes };
}

function configOf(number: number, layer: Digest, links: readonly BlobLink[]): string {
  return canonicalJson({
    architecture: 'amd64',
    author: 'kiln',
    created: createdAt,
    os: 'linux',
    config: {
      Env: [
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        `SERIAL=${number}`,
      ],
      Entrypoint: ['/usr/bin/app'],
      User: '65532',
    },
    history: [{ author: 'kiln', created: createdAt, created_by: 'kiln', comment: 'layers' }],
    rootfs: {
      type: 'layers',
      diff_ids: [...links.map(({ digest }) => digest), digestOf(`tar ${layer}`)],
    },
  });
}

function sbomFragment(name: string): string {
  return `${canonicalJson({
    SPDXID: `SPDXRef-Package-${name}`,
    name,
    versionInfo: '1.2.3-r4',
    supplier: 'Organization: Kiln',
    downloadLocation: `https://kiln.dev/${name}`,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'Apache-2.0',
    externalRefs: Array.from({ length: 12 }, (_, at) => ({
      referenceCategory: 'PACKAGE-MANAGER',
      referenceLocator: `pkg:apk/kiln/${name}@1.2.3-r4?arch=x86_64&part=${hexOf(digestOf(`${name} ${at}`))}`,
      referenceType: 'purl',
    })),
  })},`;
}

function provenanceFragment(name: string): string {
  return `${canonicalJson({
    name: `${name}-1.2.3-r4.apk`,
    uri: `pkg:apk/kiln/${name}@1.2.3-r4?arch=x86_64`,
    digest: { sha256: hexOf(digestOf(name)) },
  })},`;
}

function sbomHead(hex: string): string {
  return `{"SPDXID":"SPDXRef-DOCUMENT","creationInfo":{"created":"${createdAt}","creators":["Tool: kiln"]},"dataLicense":"CC0-1.0","documentNamespace":"https://kiln.dev/spdx/${hex}","name":"sbom-${hex}","packages":[`;
}

function provenanceHead(number: number): string {
  const overlay = Array.from({ length: 18 }, (_, at) => ({
    name: `environment-${at}`,
    value: hexOf(digestOf(`${number} ${at}`)).slice(0, 24),
  }));
  const definition = {
    buildType: 'https://kiln.dev/image/v1',
    externalParameters: { overlay },
  };
  return `{"buildDefinition":${canonicalJson(definition).slice(0, -1)},"resolvedDependencies":[`;
}
