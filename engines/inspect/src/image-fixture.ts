import { Readable } from 'node:stream';
import { descriptorOf, mediaTypes, printConfig, printManifest } from '@kiln/oci';
import type { Descriptor, RuntimeConfig } from '@kiln/oci';
import { fileEntry } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import type { NamedImage } from './named-image.ts';

/** Content in memory, of which tests make images and which they may spoil. */
export class ImageFixture {
  /** By digest. */
  readonly blobs: Map<string, Uint8Array> = new Map();

  put(bytes: Uint8Array, mediaType: string): Descriptor {
    const descriptor = descriptorOf(mediaType, bytes);
    this.blobs.set(descriptor.digest, bytes);
    return descriptor;
  }

  /** The manifest of an image of these layers, lowest first. */
  manifest(layers: readonly Descriptor[], config: RuntimeConfig = {}): Descriptor {
    const diffIds = layers.map(({ digest }) => digest);
    const described = printConfig({ architecture: 'amd64', os: 'linux', diffIds, config });
    const manifest = printManifest({
      mediaType: mediaTypes.manifest,
      config: this.put(described, mediaTypes.config),
      layers,
    });
    return this.put(manifest, mediaTypes.manifest);
  }

  /** An image of these layers, to be read. */
  image(layers: readonly Descriptor[], config?: RuntimeConfig): NamedImage {
    const { digest } = this.manifest(layers, config);
    return {
      text: 'image:latest',
      repair: 'make it again',
      resolve: () => Promise.resolve(digest),
      readManifest: (wanted) => Promise.resolve(this.blobs.get(wanted)),
      readBlob: (wanted) => {
        const bytes = this.blobs.get(wanted);
        return Promise.resolve(bytes && Readable.from([bytes]));
      },
      listReferrers: () => Promise.resolve([]),
    };
  }
}

/** A file for an archive. */
export function fileMember(
  path: string,
  text: string,
): { readonly entry: TarEntry; readonly content: Uint8Array } {
  return { entry: fileEntry(path, Buffer.byteLength(text)), content: Buffer.from(text) };
}
