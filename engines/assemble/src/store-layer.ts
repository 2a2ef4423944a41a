import { crc32 } from 'node:zlib';
import { inOrder } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { Descriptor } from '@kiln/oci';
import type { LayerCompression, LayerSegment } from './compression.ts';
import { sumHere } from './content-sum.ts';
import type { ContentSums } from './content-sum.ts';
import type { ImageLayer } from './layered.ts';
import { layerPieces } from './layer-pieces.ts';
import { layerPlan } from './layer-plan.ts';
import { RunBuffers, layerRuns } from './layer-runs.ts';
import type { LayerRun } from './layer-runs.ts';
import { cachedSegment } from './segment-cache.ts';
import type { SegmentCache } from './segment-cache.ts';
import type { MadeSegments, SegmentMaker } from './segment-maker.ts';

/** A compressed layer, and the digest of what it unpacks to. */
export interface StoredLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/** Layers that were stored before, by what they are made of. */
export interface KnownLayers {
  /** One whose blob is there. */
  find(plan: Digest): Promise<StoredLayer | undefined>;
  /** `crc` is the CRC-32 of the blob: it tells of damage in a third of the time that its digest takes. */
  keep(plan: Digest, layer: StoredLayer, crc: number): Promise<void>;
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
  /** Without it contents are hashed here. */
  readonly sums?: ContentSums;
  /** Those that other layers of the image use too. */
  readonly buffers?: RunBuffers;
  readonly signal?: AbortSignal;
}

/** Runs under way at once: enough for the threads of the pool, few enough that they may be large. */
const aheadOfPoolMax = 8;
/** A maker's segments are in memory of their own beside their contents. */
const aheadOfMakerMax = 3;

/**
 * Stores a layer. One that is known costs no byte; otherwise its contents are hashed once, in their order, while threads read them
 * and compress the parts that no cache has. Throws what reading and hashing contents do, and the signal's reason.
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
  const archiveBytes = layer.entries.reduce((sum, one) => sum + one.sizeBytes, 0);
  const sum = (await options.sums?.sum(archiveBytes)) ?? sumHere();
  const runs = layerRuns(layerPieces(layer.entries), options.buffers ?? new RunBuffers());
  const made = inOrder(runs, {
    work: async (run) => ({ run, made: await segmentsOf(run, options) }),
    aheadMax: options.maker === undefined ? aheadOfPoolMax : aheadOfMakerMax,
  });
  let summed = Promise.resolve();
  async function* segments(): AsyncGenerator<LayerSegment> {
    for await (const one of made) {
      options.signal?.throwIfAborted();
      const earlier = summed;
      summed = sum.update(one.run.content).then(one.run.release);
      // Whoever waits for it is told; nobody may be waiting yet.
      summed.catch(() => undefined);
      yield* one.made.segments;
      one.made.release();
      await earlier;
    }
    await summed;
  }
  let crc = 0;
  async function* archive(): AsyncGenerator<Uint8Array> {
    for await (const chunk of compression.archive(segments())) {
      if (plan !== undefined) crc = crc32(chunk, crc);
      yield chunk;
    }
  }
  const { digest, sizeBytes } = await blobs.put(archive());
  const stored = {
    descriptor: { mediaType: compression.mediaType, sizeBytes, digest },
    diffId: await sum.digest(),
  };
  if (plan !== undefined) await known?.keep(plan, stored, crc);
  return stored;
}

async function segmentsOf(run: LayerRun, options: StoreLayerOptions): Promise<MadeSegments> {
  const { maker, compression } = options;
  if (maker !== undefined) return maker.make(run, compression);
  for (const { start, part } of run.reads)
    await part.read(run.content.subarray(start, start + part.sizeBytes));
  const segments: LayerSegment[] = [];
  for (const { start, end, source, part } of run.pieces) {
    const content = run.content.subarray(start, end);
    segments.push(await cachedSegment({ content, source, part }, options));
  }
  return { segments, release: () => undefined };
}
