import type { LayerCompression, LayerSegment } from './compression.ts';
import type { LayerRun } from './layer-runs.ts';

/** Makes segments elsewhere, such as in threads that look into a cache first. */
export interface SegmentMaker {
  /**
   * Reads what a run has to read, and makes the segment of each of its pieces. Throws what the damaged part of a run says
   * (`StoredPart.damaged`).
   */
  make(run: LayerRun, compression: LayerCompression): Promise<MadeSegments>;
}

export interface MadeSegments {
  readonly segments: readonly LayerSegment[];
  /** To be called when the bytes are not needed any more: their memory serves other segments then. */
  readonly release: () => void;
}
