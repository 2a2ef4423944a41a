import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { PieceBuffers, layerCompressions, storeLayer } from '@kiln/assemble';
import type { CompressionName, ImageLayer, StoredLayer } from '@kiln/assemble';
import { FsBlobs } from '@kiln/blobs-fs';
import { layerCaches } from './layer-caches.ts';
import type { LayerCaches } from './layer-caches.ts';

/** Where layers and documents of a build lie until they are written out; the folder goes when the build ends. */
export class WorkFolder implements AsyncDisposable {
  readonly blobs: FsBlobs;
  readonly #folder: string;
  readonly #caches: LayerCaches;
  readonly #buffers = new PieceBuffers();

  private constructor(folder: string, { blobs, caches }: { blobs: FsBlobs; caches: LayerCaches }) {
    this.#folder = folder;
    this.blobs = blobs;
    this.#caches = caches;
  }

  /** `cacheDirectory` is where builds keep what they make of packages. */
  static async create(cacheDirectory: string): Promise<WorkFolder> {
    const folder = await fs.mkdtemp(path.join(tmpdir(), 'kiln-apko-'));
    const blobs = new FsBlobs({ directory: path.join(folder, 'blobs'), durable: false });
    const caches = await layerCaches(path.join(cacheDirectory, 'layers'), blobs);
    return new WorkFolder(folder, { blobs, caches });
  }

  /** Compresses a layer, or takes it from an earlier build. */
  addLayer(
    layer: ImageLayer,
    {
      compression,
      signal,
    }: { readonly compression: CompressionName; readonly signal: AbortSignal },
  ): Promise<StoredLayer> {
    return storeLayer(layer, {
      blobs: this.blobs,
      compression: layerCompressions[compression],
      ...this.#caches,
      buffers: this.#buffers,
      signal,
    });
  }

  /** Takes a blob from an OCI layout. Throws `BLOB_DIGEST_MISMATCH`. */
  async import(folder: string, digest: Digest): Promise<void> {
    const file = path.join(folder, 'blobs', 'sha256', hexOf(digest));
    await this.blobs.put(createReadStream(file) as AsyncIterable<Buffer>, digest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#caches.maker[Symbol.dispose]();
    await fs.rm(this.#folder, { recursive: true, force: true });
  }
}
