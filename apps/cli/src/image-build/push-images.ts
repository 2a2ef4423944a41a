import type { Logger } from '@kiln/base';
import { KilnError, mapBounded, shorten } from '@kiln/base';
import { printReference } from '@kiln/oci';
import type { Reference } from '@kiln/oci';
import { RegistryRepository } from '@kiln/registry-client';
import type { BuiltImages } from './build-images.ts';
import { credentialFor } from './docker-credentials.ts';
import type { WorkFolder } from './work-folder.ts';

/** Blobs that are sent at once. */
const parallelMax = 4;

export interface PushOptions {
  readonly work: WorkFolder;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Pushes images and their index, under each tag, or under its digest where a name has one; a repository gets everything that its index names before it gets the index.
 * Returns the references by digest in the repository of the first tag: those of the images, and last that of the index. Throws
 * `OCI_REFERENCE_INVALID` before anything is pushed where a name has the digest of something else.
 */
export async function pushImages(
  built: BuiltImages,
  tags: readonly Reference[],
  options: PushOptions,
): Promise<readonly string[]> {
  requireDigest(built, tags);
  const byRepository = Map.groupBy(tags, ({ registry, repository }) => `${registry}/${repository}`);
  const targets = [...byRepository.values()].flatMap(([first, ...more]) =>
    first === undefined
      ? []
      : [{ repository: repositoryOf(first, options), names: [first, ...more] }],
  );
  for (const { repository } of targets) await pushContents(repository, built, options);
  for (const { repository, names } of targets)
    for (const name of names) {
      options.log.info(`publishing index tag ${printReference(name)}`);
      await repository.pushManifest(
        name.digest ?? name.tag ?? built.index.descriptor.digest,
        documentOf(built.index),
      );
    }
  const [first] = tags;
  return [...built.images.map(({ manifest }) => manifest), built.index].map(({ descriptor }) =>
    printReference({
      registry: first?.registry ?? '',
      repository: first?.repository ?? '',
      tag: undefined,
      digest: descriptor.digest,
    }),
  );
}

function requireDigest({ index }: BuiltImages, tags: readonly Reference[]): void {
  const made = index.descriptor.digest;
  const other = tags.find(({ digest }) => digest !== undefined && digest !== made);
  if (other === undefined) return;
  throw new KilnError(
    'OCI_REFERENCE_INVALID',
    `"${shorten(printReference(other), 200)}" is not what was built, which is ${made}`,
    { hint: 'write a tag, or that digest' },
  );
}

function repositoryOf(
  { registry, repository }: Reference,
  { environment, signal }: PushOptions,
): RegistryRepository {
  return new RegistryRepository({
    registry,
    repository,
    access: 'pull,push',
    credential: () => credentialFor({ environment, signal }, { registry, repository }),
    signal,
  });
}

async function pushContents(
  repository: RegistryRepository,
  { images }: BuiltImages,
  { work, signal }: PushOptions,
): Promise<void> {
  const blobs = new Map(
    images.flatMap(({ layers, config }) =>
      [...layers, config.descriptor].map((one) => [one.digest, one] as const),
    ),
  );
  await mapBounded(
    [...blobs.values()],
    parallelMax,
    (descriptor) =>
      repository.pushBlob({ descriptor, open: () => work.read(descriptor.digest, 'new') }),
    signal,
  );
  for (const { manifest } of images)
    await repository.pushManifest(manifest.descriptor.digest, documentOf(manifest));
}

function documentOf({ descriptor, bytes }: BuiltImages['index']): {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
} {
  return { mediaType: descriptor.mediaType, bytes };
}
