import { createHash } from 'node:crypto';
import { layerPieces, pieceContent } from '@kiln/assemble';
import type { ImageLayer, LayerCompression, LayerSegment } from '@kiln/assemble';
import { concatBytes, digestFromHex } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { BlobPart, ComposedBlob } from '@kiln/blobs';
import { composeBlob } from '@kiln/blobs';
import type { SegmentMemo } from './segment-memo.ts';

export interface ComposedLayer {
  readonly blob: ComposedBlob;
  readonly diffId: Digest;
}

/** The layer that `storeLayer` would store, of segments that are remembered. */
export async function composeLayer(
  layer: ImageLayer,
  { memo, compression }: { readonly memo: SegmentMemo; readonly compression: LayerCompression },
): Promise<ComposedLayer> {
  const hash = createHash('sha256');
  async function* segments(): AsyncGenerator<LayerSegment> {
    for await (const piece of layerPieces(layer.entries)) {
      const content = await pieceContent(piece);
      hash.update(content);
      yield await memo.segment(content, compression);
    }
  }
  const parts: BlobPart[] = [];
  for await (const bytes of compression.archive(segments())) parts.push(await memo.part(bytes));
  return { blob: composeBlob(joined(parts)), diffId: digestFromHex(hash.digest('hex')) };
}

/** Bytes that follow one another are one part. */
function joined(parts: readonly BlobPart[]): BlobPart[] {
  const all: BlobPart[] = [];
  let run: Uint8Array[] = [];
  const end = (): void => {
    if (run.length > 0) all.push(concatBytes(run));
    run = [];
  };
  for (const part of parts) {
    if (part instanceof Uint8Array) run.push(part);
    else {
      end();
      all.push(part);
    }
  }
  end();
  return all;
}
