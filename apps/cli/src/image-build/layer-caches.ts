import path from 'node:path';
import { systemClock } from '@kiln/base';
import type { ScratchBlobs } from '@kiln/blobs-fs';
import { LayerFiles, SegmentThreads, ThreadSums, forgetUnused } from '@kiln/layer-cache';
import { onceADay } from '../local/once-a-day.ts';

/** What builds of images keep for the next one. */
export interface LayerCaches {
  readonly known: LayerFiles;
  /** To be disposed. */
  readonly maker: SegmentThreads;
  /** To be disposed. */
  readonly sums: ThreadSums;
}

const unusedAfterMs = 30 * 24 * 60 * 60 * 1000;

/** The caches below a directory. What was not used for 30 days goes, once a day. */
export async function layerCaches(directory: string, blobs: ScratchBlobs): Promise<LayerCaches> {
  const nowMs = systemClock.now();
  await onceADay(directory, nowMs, () => forgetUnused(directory, nowMs - unusedAfterMs));
  return {
    known: new LayerFiles({ directory: path.join(directory, 'whole'), blobs }),
    maker: new SegmentThreads({ directory: path.join(directory, 'segments') }),
    sums: new ThreadSums(),
  };
}
