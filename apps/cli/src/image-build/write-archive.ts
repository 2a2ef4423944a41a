import { KilnError, shorten } from '@kiln/base';
import { architectureOf } from '@kiln/image-config';
import {
  archivedConfigName,
  archivedLayerName,
  printArchiveManifest,
  printReference,
} from '@kiln/oci';
import type { Reference } from '@kiln/oci';
import { fileEntry, writeTar } from '@kiln/tar';
import type { TarMember } from '@kiln/tar';
import type { BuiltImage, BuiltImages } from './build-images.ts';
import { layersOf } from './oci-output.ts';
import type { WorkFolder } from './work-folder.ts';
import { isStream, writeLargeFile } from './write-file.ts';

/** What is written, under which name. */
export interface TaggedImages {
  readonly built: BuiltImages;
  readonly tag: Reference;
  readonly work: WorkFolder;
}

/** Writes `dockerArchive` into a file. Throws as both. */
export async function writeArchive(file: string, images: TaggedImages): Promise<void> {
  if (isStream(file)) await images.work.compare(layersOf(images.built));
  await writeLargeFile(file, dockerArchive(images));
}

/**
 * Images as an archive that `docker load` reads: configurations and layers, `manifest.json`, and behind that the
 * manifests and `index.json`, which docker passes over. It is never compressed, whatever it is called. Images are in the order
 * of the index, each with its architecture in its tag; of those with one tag, such as both for 32-bit ARM, only the last has its
 * configuration and layers there, as in apko's. Throws `OCI_REFERENCE_INVALID` for a name that apko gives no image in an archive:
 * one of a single letter, or with a digest; `IMAGE_NOTHING` where there is no image.
 */
export function dockerArchive(images: TaggedImages): AsyncIterable<Uint8Array> {
  const { built, tag } = images;
  if (tag.repository.length < 2 || tag.digest !== undefined) {
    const text = shorten(printReference(tag), 200);
    throw new KilnError('OCI_REFERENCE_INVALID', `no name for an image in an archive: "${text}"`, {
      hint: 'write REGISTRY/REPOSITORY:TAG, with two letters or more for the repository',
    });
  }
  if (built.images.length === 0)
    throw new KilnError('IMAGE_NOTHING', 'an archive cannot be of no images', {
      hint: 'list packages in contents.packages',
    });
  return writeTar(members(images));
}

function* members({ built, tag, work }: TaggedImages): Generator<TarMember> {
  const { images, index } = built;
  const tagged = [...new Map(images.map((image) => [platformName(image.arch), image])).values()];
  const layers = new Set<string>();
  for (const image of tagged) {
    yield document(archivedConfigName(image.config.descriptor.digest), image.config.bytes);
    for (const { digest, sizeBytes } of image.layers) {
      if (layers.has(digest)) continue;
      layers.add(digest);
      yield {
        entry: entryOf(archivedLayerName(digest), sizeBytes),
        content: work.read(digest, 'used again'),
      };
    }
  }
  yield document('manifest.json', manifestOf(tagged, tag));
  for (const { manifest } of images) yield document(manifest.descriptor.digest, manifest.bytes);
  yield document('index.json', index.bytes);
}

function manifestOf(images: readonly BuiltImage[], tag: Reference): Uint8Array {
  return printArchiveManifest(
    images.map(({ arch, config, layers }) => ({
      config: archivedConfigName(config.descriptor.digest),
      tags: [`${printReference(tag)}-${platformName(arch)}`],
      layers: layers.map(({ digest }) => archivedLayerName(digest)),
    })),
  );
}

function platformName(arch: string): string {
  return (architectureOf(arch)?.oci.architecture ?? arch).replaceAll('/', '_');
}

function document(name: string, bytes: Uint8Array): TarMember {
  return { entry: entryOf(name, bytes.length), content: bytes };
}

function entryOf(name: string, sizeBytes: number): TarMember['entry'] {
  return fileEntry(name, sizeBytes, { userName: '', groupName: '' });
}
