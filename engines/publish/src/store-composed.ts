import type { BlobPacks, BlobStore, ComposedBlob } from '@kiln/blobs';
import { fitsPack, partBytes } from '@kiln/blobs';

export type ComposedStore = BlobPacks & Pick<BlobStore, 'put'>;

/**
 * Stores composed blobs: those that a pack takes together, all or none of them, and one after another those of which more is new
 * than that. Throws what `putMany` and `put` throw.
 */
export async function storeComposed(
  store: ComposedStore,
  blobs: readonly ComposedBlob[],
): Promise<void> {
  await store.putMany(blobs.filter(fitsPack));
  for (const blob of blobs) if (!fitsPack(blob)) await store.put(bytesOf(blob), blob.digest);
}

async function* bytesOf({ parts }: ComposedBlob): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield partBytes(part);
}
