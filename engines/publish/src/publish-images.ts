import type { Digest } from '@kiln/base';
import { composeBlob } from '@kiln/blobs';
import type { Attachment, FactoryRecords, Publication, RegistryState } from '@kiln/factory';
import { EMPTY_CONFIG } from '@kiln/intoto';
import type { Signer } from '@kiln/trust';
import type { Referrer } from './bundles.ts';
import { referrerOf, statementBlob } from './bundles.ts';
import type { ComposedImage } from './composed-image.ts';
import { storeComposed } from './store-composed.ts';
import type { ComposedStore } from './store-composed.ts';

export interface PublishPorts {
  readonly packs: ComposedStore;
  readonly records: Pick<FactoryRecords, 'recordLedger'>;
  readonly signer: Pick<Signer, 'signStatements'>;
  readonly registry: Pick<RegistryState, 'publishMany'>;
}

export interface PublishOptions {
  /** Images that are stored, signed and published together; default 64. */
  readonly batchImages?: number;
  /** Batches under way at once; default 3. */
  readonly batchesMax?: number;
}

export interface PublishedImage {
  readonly repository: string;
  readonly manifest: Digest;
  /** False when a tag was not where it is expected: nothing of the image is shown then. */
  readonly published: boolean;
  readonly attachments: readonly Attachment[];
}

const emptyConfig = composeBlob([EMPTY_CONFIG]);

/**
 * Stores, signs and publishes composed images in batches, and tells of each in the order in which they came.
 *
 * What happens to a batch: its blobs and statements are stored in one pack and the statements recorded; the signer signs
 * them; the bundles and their manifests are stored in a second pack; the registry shows all of it in one transaction, after
 * the batches before it. A process killed between any two of these leaves blobs that nothing refers to, and the images can
 * be published again. No more images are taken from the source than `batchesMax` batches hold, beside one that is
 * gathered. What fails is thrown where the batch would be told; batches after it are not shown.
 */
export async function* publishImages(
  ports: PublishPorts,
  images: AsyncIterable<ComposedImage>,
  options: PublishOptions = {},
): AsyncIterable<PublishedImage> {
  const { batchImages = 64, batchesMax = 3 } = options;
  const underWay: Promise<readonly PublishedImage[]>[] = [];
  let last: Promise<unknown> = Promise.resolve();
  try {
    for await (const batch of batchesOf(images, batchImages)) {
      const published = publishBatch(ports, batch, last);
      last = published;
      // A failure is told when the turn of the batch comes.
      published.catch(() => undefined);
      underWay.push(published);
      if (underWay.length >= batchesMax) yield* (await underWay.shift()) ?? [];
    }
    while (underWay.length > 0) yield* (await underWay.shift()) ?? [];
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** Publishes after `before`, if that succeeds. */
async function publishBatch(
  ports: PublishPorts,
  images: readonly ComposedImage[],
  before: Promise<unknown>,
): Promise<readonly PublishedImage[]> {
  const statements = images.map((image) => image.statements.map(statementBlob));
  await Promise.all([
    storeComposed(ports.packs, [
      ...images.flatMap(({ blobs, manifest }) => [...blobs, manifest.blob]),
      ...statements.flat(),
    ]),
    ports.records.recordLedger(
      images.flatMap(({ key }, at) =>
        (statements[at] ?? []).map(({ digest }) => ({ kind: 'statement' as const, digest, key })),
      ),
    ),
  ]);
  const signatures = await ports.signer.signStatements(
    statements.flat().map(({ digest }) => digest),
  );
  const signed = signatures.values();
  const referrers = images.map(({ manifest, statements: said, created }) =>
    said.flatMap((statement) => {
      const { value } = signed.next();
      return value === undefined ? [] : [referrerOf(manifest, statement, value, created)];
    }),
  );
  await storeComposed(ports.packs, [
    emptyConfig,
    ...referrers.flat().flatMap(({ bundle, manifest }) => [bundle, manifest]),
  ]);
  await before;
  const published = await ports.registry.publishMany(
    images.map((image, at) => publicationOf(image, referrers[at] ?? [])),
  );
  return images.map(({ repository, manifest, statements: said }, at) => ({
    repository,
    manifest: manifest.blob.digest,
    published: published[at] === true,
    attachments: (referrers[at] ?? []).map((referrer, number) => ({
      subject: manifest.blob.digest,
      predicateType: said[number]?.predicateType ?? '',
      manifest: referrer.manifest.digest,
    })),
  }));
}

function publicationOf(image: ComposedImage, referrers: readonly Referrer[]): Publication {
  const { blob, mediaType } = image.manifest;
  const own = [...image.blobs, ...referrers.map(({ bundle }) => bundle), emptyConfig];
  const manifest = {
    digest: blob.digest,
    mediaType,
    sizeBytes: blob.sizeBytes,
    subject: undefined,
    artifactType: undefined,
    annotations: {},
    holds: [...new Set([...image.links, ...image.blobs].map(({ digest }) => digest))],
  };
  return {
    repository: image.repository,
    blobs: [...image.links, ...own.map(({ digest, sizeBytes }) => ({ digest, sizeBytes }))],
    components: [{ digest: blob.digest, components: image.components }],
    manifests: [manifest, ...referrers.map(({ shown }) => shown)],
    tags: image.tags.map((tag) => ({ ...tag, digest: blob.digest })),
  };
}

/** Between two images the event loop gets its turn, so that batches under way go on while images are composed. */
async function* batchesOf<T>(source: AsyncIterable<T>, size: number): AsyncIterable<readonly T[]> {
  let batch: T[] = [];
  for await (const item of source) {
    batch.push(item);
    await new Promise((resolve) => setImmediate(resolve));
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
