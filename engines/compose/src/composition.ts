import type { Digest } from '@kiln/base';

/** An image that is asked for: what is laid over an image of the catalog, and what the result is called. */
export interface Composition {
  /** The name of an image of the catalog. */
  readonly base: string;
  /**
   * The configuration that is laid over the base's, as in the file of an image that includes another: YAML or JSON. Packages are
   * added by name, and left out as `!name`.
   */
  readonly overlay: string;
  /** Where it is published: any but an image of the catalog. */
  readonly repository: string;
  /** Moved to the image. */
  readonly tags: readonly string[];
  /** The bills of materials that are signed; SPDX is among them, since who verifies the image asks for it. */
  readonly sbomFormats: readonly ComposedSbomFormat[];
}

/** SPDX 2.3 and CycloneDX 1.6, both in JSON. */
export const composedSbomFormats = ['spdx', 'cyclonedx'] as const;

export type ComposedSbomFormat = (typeof composedSbomFormats)[number];

/** What a composition came to. */
export type ComposedResult =
  | {
      readonly kind: 'published';
      readonly repository: string;
      /** Of the manifest. */
      readonly digest: Digest;
      readonly tags: readonly string[];
    }
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    };

export const overlayBytesMax: number = 64 * 1024;
