import { createHash } from 'node:crypto';
import { digestFromHex, inOrder } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { Descriptor } from '@kiln/oci';
import type { LayerCompression, LayerSegment } from './compression.ts';
import type { ImageLayer } from './layered.ts';
import { PieceBuffers, layerPieces } from './layer-pieces.ts';
import type { LayerPiece } from './layer-pieces.ts';
import { layerPlan } from './layer-plan.ts';
import { cachedSegment, packagedSegment, segmentKey } from './segment-cache.ts';
import type { SegmentCache } from './segment-cache.ts';
import type { MadeSegment, SegmentMaker } from './segment-maker.ts';

/** A compressed layer, and the digest of what it unpacks to. */
export interface StoredLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/** Layers that were stored before, by what they are made of. */
export interface KnownLayers {
  /** One whose blob is there. */
  find(plan: Digest): Promise<StoredLayer | undefined>;
  keep(plan: Digest, layer: StoredLayer): Promise<void>;
}

export interface StoreLayerOptions {
  readonly blobs: {
    /** Is done with the bytes that the source gave when it asks for more. */
    put(
      source: AsyncIterable<Uint8Array>,
    ): Promise<{ readonly digest: Digest; readonly sizeBytes: number }>;
  };
  readonly compression: LayerCompression;
  readonly known?: KnownLayers;
  /** Not asked where there is a maker. */
  readonly segments?: SegmentCache;
  readonly maker?: SegmentMaker;
  /** Those that other layers of the image use too. */
  readonly buffers?: PieceBuffers;
  readonly signal?: AbortSignal;
}

/** Segments under way at once: enough for the threads of the pool, few enough that they may be large. */
const aheadOfPoolMax = 8;
/** A maker's are in memory of their own beside their contents. */
const aheadOfMakerMax = 4;

/**
 * Stores a layer. One that is known costs no byte; otherwise its contents are read and hashed once, in their order, while
 * threads compress the parts that no cache has. Throws what reading contents does, and the signal's reason.
 */
export async function storeLayer(
  layer: ImageLayer,
  options: StoreLayerOptions,
): Promise<StoredLayer> {
  const { blobs, compression, known } = options;
  // What belongs to no package is another thing in every image.
  const isShared = known !== undefined && layer.packages.length > 0;
  const plan = isShared ? layerPlan(layer, compression.format) : undefined;
  const before = plan === undefined ? undefined : await known?.find(plan);
  if (before !== undefined) return before;
  const hash = createHash('sha256');
  const buffers = options.buffers ?? new PieceBuffers();
  async function* pieces(): AsyncGenerator<LayerPiece> {
    for await (const piece of layerPieces(layer.entries, buffers)) {
      options.signal?.throwIfAborted();
      hash.update(piece.content);
      yield piece;
    }
  }
  const segments = inOrder(pieces(), {
    work: (piece) => segmentOf(piece, options, buffers),
    aheadMax: options.maker === undefined ? aheadOfPoolMax : aheadOfMakerMax,
  });
  const { digest, sizeBytes } = await blobs.put(compression.archive(released(segments)));
  const stored = {
    descriptor: { mediaType: compression.mediaType, sizeBytes, digest },
    diffId: digestFromHex(hash.digest('hex')),
  };
  if (plan !== undefined) await known?.keep(plan, stored);
  return stored;
}

async function segmentOf(
  piece: LayerPiece,
  options: StoreLayerOptions,
  buffers: PieceBuffers,
): Promise<MadeSegment> {
  const { compression, maker } = options;
  if (maker === undefined)
    return { ...(await cachedSegment(piece, options)), release: () => undefined };
  try {
    const packaged = await packagedInto(buffers, piece, compression);
    if (packaged !== undefined) return packaged;
    return await maker.make(piece.content, { compression, key: segmentKey(piece, compression) });
  } finally {
    piece.release?.();
  }
}

/** What the package of a piece has, in a buffer that is used again. */
async function packagedInto(
  buffers: PieceBuffers,
  piece: LayerPiece,
  compression: LayerCompression,
): Promise<MadeSegment | undefined> {
  if (piece.known === undefined) return undefined;
  const buffer = buffers.take();
  const release = (): void => buffers.give(buffer);
  const segment = await packagedSegment(piece, compression, (sizeBytes) =>
    sizeBytes > buffer.length ? Buffer.allocUnsafeSlow(sizeBytes) : buffer.subarray(0, sizeBytes),
  );
  if (segment !== undefined) return { ...segment, release };
  release();
  return undefined;
}

async function* released(segments: AsyncIterable<MadeSegment>): AsyncGenerator<LayerSegment> {
  for await (const segment of segments) {
    yield segment;
    segment.release();
  }
}
