import type { BlobSegment, ComposedBlob } from '@kiln/blobs';
import type { BlobLink, Component, TagMove } from '@kiln/factory';
import type { Key } from '@kiln/queue';

/** A fragment of statements' JSON, and its base64 as it stands in bundles, both stored. */
export interface StatementSegment {
  readonly json: BlobSegment;
  readonly base64: BlobSegment;
}

export type StatementPart = Uint8Array | StatementSegment;

/** A whole in-toto statement. Made by `composeStatement`. */
export interface ComposedStatement {
  readonly predicateType: string;
  /** Each but the last has a multiple of three bytes. */
  readonly parts: readonly StatementPart[];
}

export interface ComposedManifest {
  readonly blob: ComposedBlob;
  readonly mediaType: string;
}

/** An image that was composed, and all that is to be shown and said of it. */
export interface ComposedImage {
  readonly repository: string;
  /** Whose record its statements are. */
  readonly key: Key;
  /** What was made for it: its own layers and its configuration. They are stored and shown. */
  readonly blobs: readonly ComposedBlob[];
  /** What it shares with others: stored already, and shown with it. */
  readonly links: readonly BlobLink[];
  readonly manifest: ComposedManifest;
  /** What the image is made of, for who asks which images have a package. */
  readonly components: readonly Component[];
  /** About the manifest; the signature comes last. */
  readonly statements: readonly ComposedStatement[];
  /** They are moved to the manifest. */
  readonly tags: readonly Omit<TagMove, 'digest'>[];
  /** For the manifests of the bundles: RFC 3339 in UTC with whole seconds. */
  readonly created: string;
}
