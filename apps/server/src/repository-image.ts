import type { Digest } from '@kiln/base';
import { KilnError } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { RegistryState } from '@kiln/factory';
import { eachReferrer } from '@kiln/factory';
import type { NamedImage } from '@kiln/inspect';
import { SIGSTORE_BUNDLE_MEDIA_TYPE } from '@kiln/intoto';
import type { Descriptor } from '@kiln/oci';
import { documentBytesMax } from '@kiln/oci';
import { verificationLimits } from '@kiln/trust';

export interface RepositoryImageOptions {
  readonly registry: Pick<RegistryState, 'referrers'>;
  readonly blobs: Pick<BlobStore, 'bytes' | 'read' | 'stat'>;
  readonly repository: string;
  readonly digest: Digest;
  /** What it is called. */
  readonly text: string;
}

/** An image of the factory's own registry, read without asking a server. */
export class RepositoryImage implements NamedImage {
  readonly text: string;
  readonly repair = 'kiln verify names what is wrong; kiln resync repairs it';
  readonly #options: RepositoryImageOptions;

  constructor(options: RepositoryImageOptions) {
    this.text = options.text;
    this.#options = options;
  }

  resolve(): Promise<Digest> {
    return Promise.resolve(this.#options.digest);
  }

  async readManifest(digest: Digest): Promise<Uint8Array | undefined> {
    try {
      return await this.#options.blobs.bytes(digest, documentBytesMax);
    } catch (error) {
      if (error instanceof KilnError && error.code === 'BLOB_UNKNOWN') return undefined;
      throw error;
    }
  }

  async readBlob(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined> {
    const { blobs } = this.#options;
    return (await blobs.stat(digest)) === undefined ? undefined : blobs.read(digest);
  }

  /** Signed statements alone, and no more of them than a verification looks at. */
  async listReferrers(subject: Digest): Promise<readonly Descriptor[]> {
    const { registry, repository } = this.#options;
    const found: Descriptor[] = [];
    const wanted = { repository, subject, artifactType: SIGSTORE_BUNDLE_MEDIA_TYPE };
    for await (const one of eachReferrer(registry, wanted)) {
      const { digest, mediaType, sizeBytes, artifactType, annotations } = one;
      found.push({ digest, mediaType, sizeBytes, artifactType, annotations });
      if (found.length >= verificationLimits.bundlesMax) break;
    }
    return found;
  }
}
