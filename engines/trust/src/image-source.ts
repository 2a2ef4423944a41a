import type { Digest } from '@kiln/base';
import type { Descriptor } from '@kiln/oci';

/**
 * Where an image is read from: a registry or a layout. Nothing it returns is believed. `undefined` says that the thing is
 * not there; other failures (no network) are thrown and pass through verification.
 */
export interface ImageSource {
  readManifest(digest: Digest): Promise<Uint8Array | undefined>;
  readBlob(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** The referrers of a manifest. */
  listReferrers(digest: Digest): Promise<readonly Descriptor[]>;
}

/** Bounds on what one verification reads. */
export interface VerificationLimits {
  /** Platform manifests of an index. */
  readonly platformsMax: number;
  readonly layersMax: number;
  /** Bundles looked at for one manifest; further referrers are ignored. */
  readonly bundlesMax: number;
  /** Bytes of one bundle. */
  readonly bundleSizeBytesMax: number;
  /** Bytes of all bundles of one manifest. */
  readonly bundlesSizeBytesMax: number;
}

export const verificationLimits: VerificationLimits = {
  platformsMax: 64,
  layersMax: 512,
  bundlesMax: 256,
  bundleSizeBytesMax: 48 * 1024 * 1024,
  bundlesSizeBytesMax: 256 * 1024 * 1024,
};
