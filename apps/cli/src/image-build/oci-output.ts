import fs from 'node:fs/promises';
import path from 'node:path';
import { compareBytes } from '@kiln/base';
import type { Digest } from '@kiln/base';
import {
  layoutBlobPath,
  layoutMarker,
  mediaTypes,
  printArchiveManifest,
  printIndex,
  printReference,
} from '@kiln/oci';
import type { Reference } from '@kiln/oci';
import { fileEntry, writeTar } from '@kiln/tar';
import type { TarMember } from '@kiln/tar';
import type { BuiltImages } from './build-images.ts';
import { parseImageName } from './image-name.ts';
import type { WorkFolder } from './work-folder.ts';
import { hasContent, writeFile } from './write-file.ts';

/** What is written, under which name. */
export interface NamedImages {
  readonly built: BuiltImages;
  /** With a tag. */
  readonly name: Reference;
  readonly work: WorkFolder;
}

/**
 * Writes images into a folder, made where it is absent, as an OCI layout whose one entry is the index under its tag. Blobs come
 * first and `index.json` last, so that what it names is there; blobs that are there and whole stay.
 */
export async function writeOciFolder(folder: string, images: NamedImages): Promise<void> {
  const { work } = images;
  await fs.mkdir(path.join(folder, 'blobs', 'sha256'), { recursive: true });
  for (const { digest } of blobsOf(images.built)) {
    const file = path.join(folder, layoutBlobPath(digest));
    if (!(await hasContent(file, digest))) await writeFile(file, work.read(digest, 'used again'));
  }
  await writeFile(path.join(folder, layoutMarker.name), [Buffer.from(layoutMarker.text)]);
  await writeFile(path.join(folder, 'index.json'), [layoutIndex(images)]);
}

/**
 * Images as an archive of an OCI layout, with the `manifest.json` that `docker load` of any age reads. A function of the
 * images and their name.
 */
export function ociArchive(images: NamedImages): AsyncIterable<Uint8Array> {
  return writeTar(members(images));
}

function* members(images: NamedImages): Generator<TarMember> {
  yield document(layoutMarker.name, Buffer.from(layoutMarker.text));
  yield document('index.json', layoutIndex(images));
  yield document('manifest.json', dockerManifest(images));
  for (const { digest, sizeBytes } of blobsOf(images.built))
    yield {
      entry: entryOf(layoutBlobPath(digest), sizeBytes),
      content: images.work.read(digest, 'used again'),
    };
}

/** Digests of the layers of all images. */
export function layersOf({ images }: BuiltImages): readonly Digest[] {
  return images.flatMap(({ layers }) => layers.map(({ digest }) => digest));
}

/** Each blob once, in the order of digests. */
export function blobsOf({
  images,
  index,
}: BuiltImages): readonly { readonly digest: Digest; readonly sizeBytes: number }[] {
  const all = images.flatMap(({ config, manifest, layers }) => [
    config.descriptor,
    manifest.descriptor,
    ...layers,
  ]);
  const byDigest = new Map([...all, index.descriptor].map((one) => [one.digest, one]));
  return [...byDigest.values()].sort((a, b) => compareBytes(a.digest, b.digest));
}

function layoutIndex({ built, name }: NamedImages): Uint8Array {
  const { registry, repository, tag } = parseImageName(printReference(name));
  const host = registry === 'index.docker.io' ? 'docker.io' : registry;
  return printIndex({
    mediaType: mediaTypes.index,
    manifests: [
      {
        ...built.index.descriptor,
        annotations: {
          'io.containerd.image.name': `${host}/${repository}:${tag}`,
          'org.opencontainers.image.ref.name': tag ?? '',
        },
      },
    ],
  });
}

/** A single image has the tag itself; of several each has its architecture behind it, for that list knows no platforms. */
function dockerManifest({ built: { images }, name }: NamedImages): Uint8Array {
  return printArchiveManifest(
    images.map(({ arch, config, layers }) => ({
      config: layoutBlobPath(config.descriptor.digest),
      tags: [
        images.length === 1
          ? printReference(name)
          : `${printReference(name)}-${arch.replaceAll('/', '_')}`,
      ],
      layers: layers.map(({ digest }) => layoutBlobPath(digest)),
    })),
  );
}

function document(name: string, bytes: Uint8Array): TarMember {
  return { entry: entryOf(name, bytes.length), content: bytes };
}

function entryOf(name: string, sizeBytes: number): TarMember['entry'] {
  return fileEntry(name, sizeBytes, { userName: '', groupName: '' });
}
