import { createHash } from 'node:crypto';
import { Readable, pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Digest } from '@kiln/base';
import { KilnError, digestFromHex, digestOf } from '@kiln/base';
import type { Config, Descriptor, Manifest } from '@kiln/oci';
import { parseConfig, parseManifestDocument } from '@kiln/oci';
import { defaultTarLimits, paddedSize } from '@kiln/tar';
import type { NamedImage } from './named.ts';

const configBytesMax = 4 * 1024 * 1024;
const layerBytesMax = 8 * 1024 * 1024 * 1024;
/** What a layer may unpack to: a byte of gzip may be a thousand zeros, one of Zstandard thirty thousand. */
const archiveBytesMax = defaultTarLimits.totalBytesMax;
/** An index may list an index; deeper ones nobody makes. */
const depthMax = 3;

/** An image of a registry, for this machine's platform where it has several. */
export interface PulledImage {
  /** Of the index, where there is one. */
  readonly digest: Digest;
  readonly config: Config;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
}

/** The image's configuration and layers for this machine. Throws `IMAGE_NOT_FOUND`, `IMAGE_CONTENT`, `REGISTRY_CLIENT_…`. */
export async function pullImage(source: NamedImage): Promise<PulledImage> {
  const { named, manifest } = await findManifest(source);
  const config = await readWhole(source, manifest.config.digest, configBytesMax);
  return { digest: named, config: parseConfig(config), layers: manifest.layers };
}

/** The manifest of an image for this machine's platform. */
export interface FoundManifest {
  /** What the reference names: the index, where there is one. */
  readonly named: Digest;
  readonly digest: Digest;
  readonly manifest: Manifest;
}

/** Follows indexes; every document is the content of its digest. Throws `IMAGE_NOT_FOUND`, `IMAGE_CONTENT`, `REGISTRY_CLIENT_…`. */
export async function findManifest(source: NamedImage): Promise<FoundManifest> {
  const named = await source.resolve();
  let digest = named;
  for (let depth = 0; depth < depthMax; depth++) {
    const bytes = await source.readManifest(digest);
    if (bytes === undefined || digestOf(bytes) !== digest) throw broken(digest);
    const document = parseManifestDocument(bytes);
    if (document.kind === 'manifest') return { named, digest, manifest: document.manifest };
    const wanted = process.arch === 'x64' ? 'amd64' : process.arch;
    const found =
      document.index.manifests.find((one) => one.platform?.architecture === wanted) ??
      document.index.manifests[0];
    if (found === undefined) throw broken(digest);
    digest = found.digest;
  }
  throw broken(digest);
}

/**
 * The archive in a layer, as it comes; the layer's digest is checked at its end. umoci leaves the last block of what it inserts
 * unfinished, which the digest says was not lost on the way: it is filled up. Throws `IMAGE_CONTENT`, for what unpacks to more
 * than `bytesMax` too.
 */
export async function* layerArchive(
  source: NamedImage,
  layer: Descriptor,
  bytesMax: number = archiveBytesMax,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of unpacked(source, layer)) {
    size += chunk.length;
    if (size > bytesMax)
      throw new KilnError(
        'IMAGE_CONTENT',
        `${layer.digest} unpacks to more than ${bytesMax} bytes`,
      );
    yield chunk;
  }
  yield new Uint8Array(paddedSize(size) - size);
}

async function* unpacked(source: NamedImage, layer: Descriptor): AsyncGenerator<Uint8Array> {
  const blob = Readable.from(checked(source, layer.digest, layerBytesMax));
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
  limit: number,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of (await source.readBlob(digest)) ?? []) {
    size += chunk.length;
    if (size > limit) throw broken(digest);
    hash.update(chunk);
    yield chunk;
  }
  if (digestFromHex(hash.digest('hex')) !== digest) throw broken(digest);
}

async function readWhole(source: NamedImage, digest: Digest, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of checked(source, digest, limit)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function broken(digest: Digest): KilnError {
  return new KilnError('IMAGE_CONTENT', `${digest} is missing or is not what it says`, {
    hint: 'kiln verify names what is wrong; kiln resync repairs it',
  });
}
