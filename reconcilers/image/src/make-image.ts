import { createHash } from 'node:crypto';
import type { AssembledTree, ImageDocument } from '@kiln/assemble';
import { imageOf, indexOf, layerTar } from '@kiln/assemble';
import type { BlobStat } from '@kiln/blobs';
import type { Digest } from '@kiln/base';
import { digestFromHex } from '@kiln/base';
import { gzipMember } from '@kiln/gzip';
import type { Descriptor, RuntimeConfig } from '@kiln/oci';
import { mediaTypes, parseConfig } from '@kiln/oci';
import type { ImageInputs, ImageReconcilerPorts } from './reconcile.ts';

/** An image whose blobs are stored; nothing refers to them yet. */
export interface BuiltImage {
  readonly layers: readonly { readonly descriptor: Descriptor; readonly diffId: Digest }[];
  readonly config: ImageDocument;
  readonly manifest: ImageDocument;
  readonly index: ImageDocument;
  readonly runtime: RuntimeConfig;
}

/** Writes layer, configuration, manifest and index into the blob store, each compressed and hashed once. */
export async function makeImage(
  ports: ImageReconcilerPorts,
  inputs: ImageInputs,
  assembled: AssembledTree,
): Promise<BuiltImage> {
  const { stat, diffId } = await storeLayer(ports, assembled);
  const layers = [
    {
      descriptor: {
        mediaType: mediaTypes.layerGzip,
        sizeBytes: stat.sizeBytes,
        digest: stat.digest,
      },
      diffId,
    },
  ];
  const createdSeconds = inputs.bundle.settings.epochSeconds;
  const { config, manifest } = imageOf({
    config: assembled.config,
    arch: inputs.bundle.arch,
    layers,
    createdSeconds,
  });
  const index = indexOf({
    config: assembled.config,
    images: [{ arch: inputs.bundle.arch, manifest: manifest.descriptor }],
    createdSeconds,
  });
  for (const document of [config, manifest, index])
    await ports.blobs.put(document.bytes, document.descriptor.digest);
  return { layers, config, manifest, index, runtime: parseConfig(config.bytes).config };
}

/** The layer is compressed and hashed as it is written. */
async function storeLayer(
  ports: ImageReconcilerPorts,
  assembled: AssembledTree,
): Promise<{ readonly stat: BlobStat; readonly diffId: Digest }> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of layerTar(assembled)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const stat = await ports.blobs.put(gzipMember(hashed()));
  return { stat, diffId: digestFromHex(hash.digest('hex')) };
}
