import type { KnownLayers } from '@kiln/assemble';
import type { BlobStore } from '@kiln/blobs';
import type { FactoryRecords } from '@kiln/factory';
import type { Key } from '@kiln/queue';

/** The layers that a factory made before, recorded as results of their plans. One whose blob is gone is made again. */
export function recordedLayers(
  { records, blobs }: { readonly records: FactoryRecords; readonly blobs: BlobStore },
  key: Key,
): KnownLayers {
  return {
    async find(plan) {
      const result = await records.useAction(plan);
      if (result?.kind !== 'layer') return undefined;
      const { mediaType, digest, diffId, sizeBytes } = result;
      const found = await blobs.touch(digest);
      if (found?.sizeBytes !== sizeBytes) return undefined;
      return { descriptor: { mediaType, digest, sizeBytes }, diffId };
    },
    keep: (plan, { descriptor, diffId }) =>
      records.recordAction(plan, key, { kind: 'layer', ...descriptor, diffId }),
  };
}
