import type { LayerCompression, LayerSegment } from './compression.ts';

/** Makes segments elsewhere, such as in threads that look into a cache first. */
export interface SegmentMaker {
  /**
   * The segment of a content, whose memory may be shared with threads. `key` says what it is and how it is compressed, for what
   * may be kept; it has none where nobody will ask for it again.
   */
  make(content: Uint8Array, request: SegmentRequest): Promise<MadeSegment>;
}

export interface SegmentRequest {
  readonly compression: LayerCompression;
  readonly key: string | undefined;
}

export interface MadeSegment extends LayerSegment {
  /** To be called when the bytes are not needed any more: their memory serves another segment then. */
  readonly release: () => void;
}
