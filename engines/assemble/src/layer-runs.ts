import { pieceBytesMax } from '@kiln/gzip';
import { chunkSize } from './layer-pieces.ts';
import type { LayerPiece } from './layer-pieces.ts';
import type { StoredPart } from './package-contents.ts';

/** Pieces that follow one another, in memory that threads can share: what is asked of a thread at once. */
export interface LayerRun {
  /** The bytes of all pieces; those that are read are not there yet. */
  readonly content: Uint8Array;
  readonly reads: readonly RunRead[];
  readonly pieces: readonly RunPiece[];
  /** To be called when the content is not needed any more: its memory serves another run then. */
  readonly release: () => void;
}

/** What has to be read into the content of a run from `start` on. */
export interface RunRead {
  readonly start: number;
  readonly part: StoredPart;
}

/** A piece in the content of a run. */
export interface RunPiece {
  readonly start: number;
  readonly end: number;
  /** See `LayerPiece`. */
  readonly source: string | undefined;
  /** Where all of it is a part that is read. */
  readonly part: StoredPart | undefined;
}

/**
 * Buffers of one size for runs, used again and again, since collecting many large ones costs more than filling them. Their memory
 * can be shared with threads.
 */
export class RunBuffers {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.from(new SharedArrayBuffer(pieceBytesMax));
  }

  give(buffer: Buffer): void {
    this.#free.push(buffer);
  }
}

/** Gathers pieces into runs of a MiB. */
export async function* layerRuns(
  pieces: AsyncIterable<LayerPiece>,
  buffers: RunBuffers,
): AsyncGenerator<LayerRun> {
  let gathered: LayerPiece[] = [];
  let sizeBytes = 0;
  for await (const piece of pieces) {
    if (sizeBytes > 0 && sizeBytes + piece.sizeBytes > pieceBytesMax) {
      yield runOf(gathered, sizeBytes, buffers);
      gathered = [];
      sizeBytes = 0;
    }
    gathered.push(piece);
    sizeBytes += piece.sizeBytes;
  }
  if (sizeBytes > 0) yield runOf(gathered, sizeBytes, buffers);
}

function runOf(gathered: readonly LayerPiece[], sizeBytes: number, buffers: RunBuffers): LayerRun {
  // A header alone may be longer than a buffer.
  const pooled = sizeBytes > pieceBytesMax ? undefined : buffers.take();
  const buffer = pooled ?? Buffer.from(new SharedArrayBuffer(sizeBytes));
  const reads: RunRead[] = [];
  const pieces: RunPiece[] = [];
  let at = 0;
  for (const { chunks, source } of gathered) {
    const start = at;
    for (const chunk of chunks) {
      if (chunk instanceof Uint8Array) buffer.set(chunk, at);
      else reads.push({ start: at, part: chunk });
      at += chunkSize(chunk);
    }
    const [only] = chunks;
    const part = chunks.length > 1 || only instanceof Uint8Array ? undefined : only;
    pieces.push({ start, end: at, source, part });
  }
  const release = (): void => {
    if (pooled !== undefined) buffers.give(pooled);
  };
  return { content: buffer.subarray(0, sizeBytes), reads, pieces, release };
}
