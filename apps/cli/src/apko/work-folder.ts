import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { digestFromHex, hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { ImageLayer } from '@kiln/assemble';
import { FsBlobs } from '@kiln/blobs-fs';
import { gzipMember } from '@kiln/gzip';
import { mediaTypes } from '@kiln/oci';
import type { Descriptor } from '@kiln/oci';

/** A compressed layer, and the digest of what it unpacks to. */
export interface StoredLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/** Where layers and documents of a build lie until they are written out; the folder goes when the build ends. */
export class WorkFolder implements AsyncDisposable {
  readonly blobs: FsBlobs;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.blobs = new FsBlobs({ directory: path.join(folder, 'blobs') });
  }

  static async create(): Promise<WorkFolder> {
    return new WorkFolder(await fs.mkdtemp(path.join(tmpdir(), 'kiln-apko-')));
  }

  /** Compresses a layer; it is read, hashed and compressed once. */
  async addLayer(layer: ImageLayer, signal: AbortSignal): Promise<StoredLayer> {
    const hash = createHash('sha256');
    async function* hashed(): AsyncGenerator<Uint8Array> {
      for await (const chunk of layer.tar()) {
        signal.throwIfAborted();
        hash.update(chunk);
        yield chunk;
      }
    }
    const { digest, sizeBytes } = await this.blobs.put(gzipMember(hashed()));
    const descriptor = { mediaType: mediaTypes.layerGzip, sizeBytes, digest };
    return { descriptor, diffId: digestFromHex(hash.digest('hex')) };
  }

  /** Takes a blob from an OCI layout. Throws `BLOB_DIGEST_MISMATCH`. */
  async import(folder: string, digest: Digest): Promise<void> {
    const file = path.join(folder, 'blobs', 'sha256', hexOf(digest));
    await this.blobs.put(createReadStream(file) as AsyncIterable<Buffer>, digest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await fs.rm(this.#folder, { recursive: true, force: true });
  }
}
