import type { Digest, OciDigest } from '@kiln/base';

export type Annotations = Readonly<Record<string, string>>;

/** The platform an image runs on (OCI image index, "platform"). */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly osVersion?: string | undefined;
  readonly osFeatures?: readonly string[] | undefined;
  readonly variant?: string | undefined;
}

/** A typed, sized and digested pointer to content (OCI content descriptor). */
export interface Descriptor<D extends OciDigest = Digest> {
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly digest: D;
  /** Base64 of the content itself, where it is embedded. */
  readonly data?: string | undefined;
  readonly urls?: readonly string[] | undefined;
  readonly annotations?: Annotations | undefined;
  readonly platform?: Platform | undefined;
  readonly artifactType?: string | undefined;
}

/** An image manifest, or an artifact in the form of one. */
export interface Manifest<D extends OciDigest = Digest> {
  readonly mediaType: string;
  readonly artifactType?: string | undefined;
  readonly config: Descriptor<D>;
  readonly layers: readonly Descriptor<D>[];
  readonly subject?: Descriptor<D> | undefined;
  readonly annotations?: Annotations | undefined;
}

/** An image index: one manifest per platform, or the referrers of a digest. */
export interface Index<D extends OciDigest = Digest> {
  readonly mediaType: string;
  readonly artifactType?: string | undefined;
  readonly manifests: readonly Descriptor<D>[];
  readonly subject?: Descriptor<D> | undefined;
  readonly annotations?: Annotations | undefined;
}

export interface History {
  readonly author?: string | undefined;
  /** RFC 3339. */
  readonly created?: string | undefined;
  readonly createdBy?: string | undefined;
  readonly comment?: string | undefined;
  readonly emptyLayer?: boolean | undefined;
}

/** What a runtime starts (the member `config` of an image configuration). */
export interface RuntimeConfig {
  readonly cmd?: readonly string[] | undefined;
  readonly entrypoint?: readonly string[] | undefined;
  /** `KEY=value`. */
  readonly env?: readonly string[] | undefined;
  readonly labels?: Annotations | undefined;
  readonly user?: string | undefined;
  readonly volumes?: readonly string[] | undefined;
  readonly workingDir?: string | undefined;
  readonly stopSignal?: string | undefined;
  readonly exposedPorts?: readonly string[] | undefined;
}

/** An image configuration (OCI image configuration). */
export interface Config {
  readonly architecture: string;
  readonly os: string;
  readonly author?: string | undefined;
  /** RFC 3339. */
  readonly created?: string | undefined;
  readonly history?: readonly History[] | undefined;
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly Digest[];
  readonly config: RuntimeConfig;
  readonly variant?: string | undefined;
  readonly osFeatures?: readonly string[] | undefined;
}
