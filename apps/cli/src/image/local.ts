import fs from 'node:fs';
import path from 'node:path';
import { KilnError, collect, hexOf, parseDigest, shorten } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { NamedImage } from '@kiln/inspect';
import { documentBytesMax, layoutBlobPath, layoutMarker } from '@kiln/oci';
import type { Descriptor } from '@kiln/oci';
import { TarPush } from '@kiln/tar';
import { ownArchitecture } from './own-architecture.ts';

/** Some of each layer. */
const archiveNamesMax = 100_000;

/** A tag of the "referrers tag schema" of the distribution specification, or what `cosign` calls a signature, as in `sha256-….sig`. */
const referrersTag = /^sha(?:256|512)-[0-9a-f]{64,128}(?:\.[a-z]+)?$/;

/** Where a file of an image lies in a file of this machine. */
interface LocalFile {
  readonly path: string;
  readonly start: number;
  readonly sizeBytes: number;
}

type FindFile = (name: string) => LocalFile | undefined;

/**
 * An image that is no registry's: in a folder, an OCI layout (image-layout.md), or in an archive of one, as builds
 * and skopeo write it, or as apko does. Nothing is referred to in them.
 */
export class LocalImage implements NamedImage {
  readonly text: string;
  readonly repair = 'build it again, or copy it again';
  readonly #find: FindFile;

  private constructor(text: string, find: FindFile) {
    this.text = text;
    this.#find = find;
  }

  /**
   * What a person names by its place: a file whose name ends in `.tar`, or a folder, which ends in a slash or begins with one or with `./`
   * or `../`. Undefined for what may be a name in a registry. Throws `IMAGE_NOT_FOUND`, `IMAGE_CONTENT`, and what reading an archive does.
   */
  static at(place: string): LocalImage | undefined {
    const found = fs.statSync(place, { throwIfNoEntry: false });
    if (found?.isFile() === true && place.endsWith('.tar'))
      return new LocalImage(place, archived(place));
    const isPlace = /^\.{0,2}\/|\/$/.test(place);
    if (!isPlace) return undefined;
    if (fs.existsSync(path.join(place, layoutMarker.name)))
      return new LocalImage(place, inFolder(place));
    throw new KilnError('IMAGE_NOT_FOUND', `there is no image at "${shorten(place, 200)}"`, {
      hint: 'name a folder with an OCI layout, such as layout/, or an archive of one, such as image.tar',
    });
  }

  /** Of several images the one for this machine, or the first. Throws `IMAGE_CONTENT`. */
  async resolve(): Promise<Digest> {
    const file = this.#find('index.json');
    if (file === undefined) throw this.#broken('it has no index.json, as an OCI layout has');
    const listed = listedImages(
      await bytesOf(file, () => this.#broken('its index.json is too large')),
    );
    const image =
      listed?.find(({ architecture }) => architecture === ownArchitecture) ?? listed?.[0];
    if (image === undefined) throw this.#broken('its index.json names no image');
    return image.digest;
  }

  async readManifest(digest: Digest): Promise<Uint8Array | undefined> {
    const file = this.#blob(digest);
    return file && bytesOf(file, () => this.#broken(`manifest ${digest} is too large`));
  }

  readBlob(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined> {
    const file = this.#blob(digest);
    return Promise.resolve(file && contentOf(file));
  }

  listReferrers(): Promise<readonly Descriptor[]> {
    return Promise.resolve([]);
  }

  /** In archives of apko's, documents have their digests for names, and layers are archives. */
  #blob(digest: Digest): LocalFile | undefined {
    const names = [layoutBlobPath(digest), digest, `${hexOf(digest)}.tar.gz`];
    return names.map(this.#find).find((file) => file !== undefined);
  }

  #broken(reason: string): KilnError {
    return new KilnError('IMAGE_CONTENT', `"${shorten(this.text, 200)}" is no image: ${reason}`, {
      hint: this.repair,
    });
  }
}

function inFolder(folder: string): FindFile {
  return (name) => {
    const place = path.join(folder, name);
    const found = fs.statSync(place, { throwIfNoEntry: false });
    if (found?.isFile() !== true) return undefined;
    return { path: place, start: 0, sizeBytes: found.size };
  };
}

function archived(archive: string): FindFile {
  const files = new Map<string, LocalFile>();
  const reader = new TarPush({
    entry({ path: name, type, sizeBytes }, start) {
      if (type !== 'file') return;
      if (files.size >= archiveNamesMax)
        throw new KilnError('IMAGE_CONTENT', `"${shorten(archive, 200)}" has too many files`);
      files.set(name, { path: archive, start, sizeBytes });
    },
    content: () => undefined,
  });
  const file = fs.openSync(archive, 'r');
  try {
    const chunk = Buffer.allocUnsafe(2 ** 20);
    for (let count = fs.readSync(file, chunk); count > 0; count = fs.readSync(file, chunk))
      reader.write(chunk.subarray(0, count));
  } finally {
    fs.closeSync(file);
  }
  reader.end();
  return (name) => files.get(name);
}

async function* contentOf({ path: file, start, sizeBytes }: LocalFile): AsyncGenerator<Uint8Array> {
  if (sizeBytes > 0)
    yield* fs.createReadStream(file, {
      start,
      end: start + sizeBytes - 1,
    }) as AsyncIterable<Buffer>;
}

function bytesOf(file: LocalFile, tooLarge: () => Error): Promise<Uint8Array> {
  return collect(contentOf(file), documentBytesMax, tooLarge);
}

interface ListedImage {
  readonly digest: Digest;
  readonly architecture: unknown;
}

/**
 * What an index of a layout names: with less than an index in a registry has, as some write it, and without the lists of
 * referrers that tools which copy these along put beside the images. Undefined for what is none.
 */
function listedImages(bytes: Uint8Array): readonly ListedImage[] | undefined {
  interface Loose {
    readonly manifests?: readonly LooseImage[];
  }
  interface LooseImage {
    readonly digest?: unknown;
    readonly platform?: { readonly architecture?: unknown };
    readonly annotations?: { readonly 'org.opencontainers.image.ref.name'?: unknown };
  }
  try {
    const index = JSON.parse(Buffer.from(bytes).toString()) as Loose;
    return index.manifests
      ?.filter(({ annotations }) => {
        const tag = annotations?.['org.opencontainers.image.ref.name'];
        return typeof tag !== 'string' || !referrersTag.test(tag);
      })
      .map(({ digest, platform }) => ({
        digest: parseDigest(String(digest)),
        architecture: platform?.architecture,
      }));
  } catch {
    return undefined;
  }
}
