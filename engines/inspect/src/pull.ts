import { createHash } from 'node:crypto';
import { Readable, pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Digest } from '@kiln/base';
import { KilnError, digestFromHex, digestOf } from '@kiln/base';
import type { Config, Descriptor, Manifest } from '@kiln/oci';
import { parseConfig, parseManifestDocument } from '@kiln/oci';
import { paddedSize } from '@kiln/tar';
import type { NamedImage } from './named-image.ts';

const configBytesMax = 4 * 1024 * 1024;
/**
 * What the layers of an image may have together, and what they may unpack to: a byte of gzip may be a thousand zeros, one of
 * Zstandard thirty thousand, and one layer may be named again and again.
 */
const imageBytesMax = 32 * 1024 * 1024 * 1024;
/** Nothing that runs images mounts more. */
const layersMax = 500;
/** An index may list an index; deeper ones nobody makes. */
const depthMax = 3;

/** An image of one platform. */
export interface PulledImage {
  /** Of the index, where there is one. */
  readonly digest: Digest;
  readonly config: Config;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
}

/** The image's configuration and layers for an architecture, as `findManifest` chooses. Throws `IMAGE_NOT_FOUND`, `IMAGE_CONTENT`, and what the source does. */
export async function pullImage(source: NamedImage, architecture: string): Promise<PulledImage> {
  const { named, manifest } = await findManifest(source, architecture);
  if (manifest.layers.length > layersMax)
    throw new KilnError('IMAGE_CONTENT', `${source.text} has more than ${layersMax} layers`);
  const config = await readWhole(source, manifest.config.digest, configBytesMax);
  return { digest: named, config: parseConfig(config), layers: manifest.layers };
}

/** The manifest of an image for one platform. */
interface FoundManifest {
  /** What the reference names: the index, where there is one. */
  readonly named: Digest;
  readonly digest: Digest;
  readonly manifest: Manifest;
}

/**
 * Follows indexes to the manifest of an architecture (as images name it: `amd64`), or to the first that there is; every document is the
 * content of its digest. Throws `IMAGE_NOT_FOUND`, `IMAGE_CONTENT`, what the source does.
 */
export async function findManifest(
  source: NamedImage,
  architecture: string,
): Promise<FoundManifest> {
  const named = await source.resolve();
  let digest = named;
  for (let depth = 0; depth < depthMax; depth++) {
    const bytes = await source.readManifest(digest);
    if (bytes === undefined || digestOf(bytes) !== digest) throw broken(source, digest);
    const document = parseManifestDocument(bytes);
    if (document.kind === 'manifest') return { named, digest, manifest: document.manifest };
    const found =
      document.index.manifests.find((one) => one.platform?.architecture === architecture) ??
      document.index.manifests[0];
    if (found === undefined) throw broken(source, digest);
    digest = found.digest;
  }
  throw broken(source, digest);
}

/**
 * The archives in an image's layers, each to be read before the next; a layer's digest is checked at its end. umoci leaves the last
 * block of what it inserts unfinished, which the digest says was not lost on the way: it is filled up. Throws `IMAGE_CONTENT`, for
 * layers that together are, or unpack to, more than `bytesMax` too.
 */
export function* layerArchives(
  source: NamedImage,
  layers: readonly Descriptor[],
  bytesMax: number = imageBytesMax,
): Generator<AsyncGenerator<Uint8Array>> {
  const room = {
    received: new Room(bytesMax, 'its layers are more than'),
    unpacked: new Room(bytesMax, 'its layers unpack to more than'),
  };
  for (const layer of layers) yield layerArchive(source, layer, room);
}

/**
 * What `work` makes of an image's layers. Where it throws what reading archives does, and a layer is not what its digest says, that is
 * what is thrown: whoever reads a damaged archive sees the damage first. Throws `IMAGE_CONTENT`, and what `work` does.
 */
export async function blamingDamage<T>(
  source: NamedImage,
  layers: readonly Descriptor[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KilnError && error.code.startsWith('TAR_'))
      for (const { digest } of layers)
        for await (const _ of checked(source, digest, () => undefined));
    throw error;
  }
}

/** What is left for an image's layers. */
class Room {
  readonly #bytesMax: number;
  readonly #excess: string;
  #bytes = 0;

  constructor(bytesMax: number, excess: string) {
    this.#bytesMax = bytesMax;
    this.#excess = excess;
  }

  /** Throws `IMAGE_CONTENT` when there is none. */
  take(bytes: number, source: NamedImage): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#bytesMax) return;
    throw new KilnError('IMAGE_CONTENT', `${source.text}: ${this.#excess} ${this.#bytesMax} bytes`);
  }
}

interface LayerRoom {
  readonly received: Room;
  readonly unpacked: Room;
}

async function* layerArchive(
  source: NamedImage,
  layer: Descriptor,
  room: LayerRoom,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of unpacked(source, layer, room.received)) {
    size += chunk.length;
    room.unpacked.take(chunk.length, source);
    yield chunk;
  }
  yield new Uint8Array(paddedSize(size) - size);
}

async function* unpacked(
  source: NamedImage,
  layer: Descriptor,
  received: Room,
): AsyncGenerator<Uint8Array> {
  const take = (bytes: number): void => received.take(bytes, source);
  const blob = Readable.from(checked(source, layer.digest, take));
  const open = decompressor(layer.mediaType);
  if (open === undefined) {
    yield* blob as AsyncIterable<Uint8Array>;
    return;
  }
  const stream = open();
  // What goes wrong is seen by whoever reads the archive.
  pipeline(blob, stream, () => undefined);
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof KilnError || !isDecompression(error)) throw error;
    throw new KilnError('IMAGE_CONTENT', `${layer.digest} is not what its type says`, {
      cause: error,
    });
  }
}

function decompressor(
  mediaType: string,
): typeof createGunzip | typeof createZstdDecompress | undefined {
  // Docker's own types end so too.
  if (mediaType.endsWith('.tar')) return undefined;
  return mediaType.endsWith('zstd') ? createZstdDecompress : createGunzip;
}

/** An error of zlib or zstd, whose codes are `Z_…` and `ZSTD_…`. */
function isDecompression(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^Z(STD)?_/.test(code);
}

async function* checked(
  source: NamedImage,
  digest: Digest,
  /** Throws when it is too much. */
  take: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of (await source.readBlob(digest)) ?? []) {
    take(chunk.length);
    hash.update(chunk);
    yield chunk;
  }
  if (digestFromHex(hash.digest('hex')) !== digest) throw broken(source, digest);
}

async function readWhole(source: NamedImage, digest: Digest, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const take = (bytes: number): void => {
    size += bytes;
    if (size > limit) throw broken(source, digest);
  };
  for await (const chunk of checked(source, digest, take)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function broken({ repair }: NamedImage, digest: Digest): KilnError {
  return new KilnError('IMAGE_CONTENT', `${digest} is missing or is not what it says`, {
    hint: repair,
  });
}
