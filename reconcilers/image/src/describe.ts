import type { AssembledTree, ImageDocument } from '@kiln/assemble';
import type { Digest } from '@kiln/base';
import { canonicalJson, compareBytes, digestOf, digestOfValue, hexOf, rfc3339 } from '@kiln/base';
import type { ImageResult, TestRun } from '@kiln/factory';
import { namespaceOf, packagesOf } from '@kiln/factory';
import { architectureOf, printApkoJson } from '@kiln/image-config';
import type { Provenance, ResourceDescriptor } from '@kiln/intoto';
import { documentPieces, indexSbom } from '@kiln/spdx';
import { IMAGE_BUILD_TYPE, KILN_BUILDER_ID, imageStatements, packageDependency } from '@kiln/trust';
import type { ImageBills } from './bills.ts';
import { imageBills } from './bills.ts';
import { attach } from './evidence.ts';
import type { BuiltImage } from './make-image.ts';
import type { ImageInputs, ImageReconcilerPorts } from './reconcile.ts';

export interface DescribeRequest {
  readonly inputs: ImageInputs;
  readonly image: BuiltImage;
  readonly assembled: AssembledTree;
  readonly run: TestRun;
  readonly startedAt: number;
  readonly action: Digest;
}

/** Makes and signs the statements about the index and about the platform's manifest, and says what the registry shows. */
export async function describeImage(
  ports: ImageReconcilerPorts,
  request: DescribeRequest,
): Promise<ImageResult> {
  const { inputs, image } = request;
  const wholeSbom = indexSbom({
    index: image.index.descriptor.digest,
    indexMediaType: image.index.descriptor.mediaType,
    repositoryName: inputs.bundle.name,
    created: rfc3339(inputs.bundle.settings.epochSeconds),
    tool: ports.builder,
    supplier: `Organization: ${inputs.bundle.settings.namespace}`,
    vcsUrl: inputs.config.vcsUrl,
    images: [
      {
        digest: image.manifest.descriptor.digest,
        mediaType: image.manifest.descriptor.mediaType,
        arch: architectureOf(inputs.bundle.arch)?.oci.architecture ?? inputs.bundle.arch,
      },
    ],
  });
  const ofManifest = await evidenceFor(
    ports,
    request,
    image.manifest,
    await imageBills(ports, request),
  );
  const ofIndex = await evidenceFor(ports, request, image.index, {
    spdx: documentPieces(wholeSbom).map((piece) => Buffer.from(piece)),
  });
  const blobs = [
    { digest: image.config.descriptor.digest, sizeBytes: image.config.descriptor.sizeBytes },
    ...image.layers.map(({ descriptor }) => ({
      digest: descriptor.digest,
      sizeBytes: descriptor.sizeBytes,
    })),
  ];
  return {
    kind: 'image',
    repository: inputs.bundle.name,
    tags: tagsOf(inputs),
    index: image.index.descriptor.digest,
    manifest: image.manifest.descriptor.digest,
    config: image.config.descriptor.digest,
    layers: image.layers.map(({ descriptor, diffId }) => ({
      digest: descriptor.digest,
      diffId,
      sizeBytes: descriptor.sizeBytes,
    })),
    sizeBytes: blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0),
    packages: inputs.packages.map(({ record }) => ({
      name: record.name,
      version: record.version,
      checksum: record.checksum,
      license: record.license,
      origin: record.origin,
      installedSizeBytes: record.installedSizeBytes,
    })),
    from: { bundle: digestOfValue(inputs.bundle), packages: inputs.packages },
    test: request.run,
    attachments: [...ofIndex.attachments, ...ofManifest.attachments],
    publication: {
      blobs: unique([...blobs, ...ofIndex.blobs, ...ofManifest.blobs]),
      manifests: [
        manifestRow(
          image.manifest,
          blobs.map((blob) => blob.digest),
        ),
        manifestRow(image.index, [image.manifest.descriptor.digest]),
        ...ofIndex.manifests,
        ...ofManifest.manifests,
      ],
    },
  };
}

function unique<T extends { readonly digest: Digest }>(blobs: readonly T[]): readonly T[] {
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

function manifestRow(
  document: ImageDocument,
  holds: readonly Digest[],
): ImageResult['publication']['manifests'][number] {
  const { digest, mediaType, sizeBytes } = document.descriptor;
  return {
    digest,
    mediaType,
    sizeBytes,
    subject: undefined,
    artifactType: undefined,
    annotations: {},
    holds: [...new Set(holds)],
  };
}

/** `latest`, and the version of the package that the image is named after. */
function tagsOf(inputs: ImageInputs): readonly string[] {
  const main = inputs.packages.find(({ record }) => record.name === inputs.bundle.name);
  if (main === undefined) return ['latest'];
  const version = main.record.version.replace(/[^A-Za-z0-9_.-]/g, '_');
  return ['latest', version.replace(/-r\d+$/, ''), version];
}

async function evidenceFor(
  ports: ImageReconcilerPorts,
  request: DescribeRequest,
  document: ImageDocument,
  bills: ImageBills,
) {
  const { inputs, run } = request;
  const { digest, mediaType, sizeBytes } = document.descriptor;
  const statements = imageStatements({
    name: inputs.bundle.name,
    digest,
    sbom: bills.spdx,
    ...(bills.cyclonedx === undefined ? {} : { cyclonedx: bills.cyclonedx }),
    provenance: provenanceOf(ports, request, await materialsOf(ports, inputs)),
    tests: {
      configuration: [
        {
          name: inputs.bundle.testFile,
          digest: { sha256: hexOf(digestOf(inputs.bundle.testSource)) },
        },
      ],
      passedTests: run.steps.filter((step) => step.passed).map((step) => step.name),
      warnedTests: [],
      failedTests: run.steps.filter((step) => !step.passed).map((step) => step.name),
    },
    configuration: JSON.parse(
      Buffer.from(printApkoJson(request.assembled.config)).toString('utf8'),
    ) as Record<string, unknown>,
  });
  return attach(
    ports,
    inputs.key,
    { digest, mediaType, sizeBytes },
    statements,
    rfc3339(inputs.bundle.settings.epochSeconds),
  );
}

/** What the packages of the image were made of: sources, and the packages of their build environments, each once. */
async function materialsOf(
  ports: ImageReconcilerPorts,
  inputs: ImageInputs,
): Promise<readonly ResourceDescriptor[]> {
  const inside = new Set(inputs.packages.map(({ record }) => record.checksum));
  const states = await ports.records.states([...inputs.bundle.closure, ...inputs.bundle.optional]);
  const materials = new Map<string, ResourceDescriptor>();
  for (const state of states.values()) {
    const result = await packagesOf(ports.records, state);
    if (result === undefined || !result.packages.some(({ record }) => inside.has(record.checksum)))
      continue;
    for (const { name, uri, digest } of result.inputs)
      materials.set(canonicalJson([uri, digest]), { name, uri, digest });
  }
  return [...materials].sort(([a], [b]) => compareBytes(a, b)).map(([, material]) => material);
}

function provenanceOf(
  ports: ImageReconcilerPorts,
  request: DescribeRequest,
  materials: readonly ResourceDescriptor[],
): Provenance {
  const { inputs } = request;
  const { settings } = inputs.bundle;
  return {
    buildType: IMAGE_BUILD_TYPE,
    externalParameters: {
      name: inputs.bundle.name,
      configuration: inputs.bundle.source,
      architectures: [inputs.bundle.arch],
      repositories: inputs.bundle.repositories,
      tests: inputs.bundle.testSource,
      epochSeconds: settings.epochSeconds,
      // Nothing is said of gzip, which verifiers that know no other accept.
      ...(settings.compression === 'zstd' ? { compression: 'zstd' } : {}),
      catalog: settings.name,
    },
    internalParameters: { action: request.action },
    resolvedDependencies: [
      ...inputs.packages.map(({ record, apk, repository }) =>
        packageDependency(record, { apk, namespace: namespaceOf(settings, repository) }),
      ),
      ...materials,
    ],
    builderId: KILN_BUILDER_ID,
    builderVersion: { [ports.builder.name]: ports.builder.version },
    startedOn: rfc3339(request.startedAt / 1000),
    finishedOn: rfc3339(ports.clock.now() / 1000),
    byproducts: [],
  };
}
