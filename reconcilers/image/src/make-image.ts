import type { AssembledTree, ImageDocument, StoredLayer } from '@kiln/assemble';
import { imageLayers, imageOf, indexOf, layerCompressions, storeLayer } from '@kiln/assemble';
import type { RuntimeConfig } from '@kiln/oci';
import { parseConfig } from '@kiln/oci';
import { recordedLayers } from '@kiln/compose';
import type { ImageInputs, ImageReconcilerPorts } from './reconcile.ts';

/** An image whose blobs are stored; nothing refers to them yet. */
export interface BuiltImage {
  /** Lowest first. */
  readonly layers: readonly StoredLayer[];
  readonly config: ImageDocument;
  readonly manifest: ImageDocument;
  readonly index: ImageDocument;
  readonly runtime: RuntimeConfig;
}

/**
 * Writes layers, configuration, manifest and index into the blob store, each compressed and hashed once in the life of the
 * factory: a layer of packages that another image has is not made again.
 */
export async function makeImage(
  ports: ImageReconcilerPorts,
  inputs: ImageInputs,
  assembled: AssembledTree,
  signal: AbortSignal,
): Promise<BuiltImage> {
  const { blobs, segments } = ports;
  const compression = layerCompressions[inputs.bundle.settings.compression ?? 'gzip'];
  const known = recordedLayers(ports, inputs.key);
  const layers: StoredLayer[] = [];
  for (const layer of await imageLayers(assembled))
    layers.push(await storeLayer(layer, { blobs, known, segments, compression, signal }));
  const createdSeconds = inputs.bundle.settings.epochSeconds;
  const { vcsUrl } = inputs.config;
  const { config, manifest } = imageOf({
    config: assembled.config,
    arch: inputs.bundle.arch,
    layers,
    createdSeconds,
    vcsUrl,
  });
  const index = indexOf({
    config: assembled.config,
    images: [{ arch: inputs.bundle.arch, manifest: manifest.descriptor }],
    createdSeconds,
    vcsUrl,
  });
  for (const document of [config, manifest, index])
    await ports.blobs.put(document.bytes, document.descriptor.digest);
  return { layers, config, manifest, index, runtime: parseConfig(config.bytes).config };
}
