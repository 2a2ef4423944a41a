import type { Digest } from '@kiln/base';
import type { Component } from './registry-state.ts';

/** A known version of a package, under the number that the index has for it. */
export interface ComponentVersion extends Component {
  readonly id: number;
}

/** An image version that has a component: what a tag points at, or pointed at. */
export interface ImageWithComponent {
  readonly repository: string;
  readonly digest: Digest;
  /** The tags that point at it now, in byte order. */
  readonly tags: readonly string[];
  /** Those of the asked components that it has. */
  readonly components: readonly number[];
}

export interface ImagesWithRequest {
  /** Ids of `ComponentVersion`. */
  readonly components: readonly number[];
  /** Only images that a tag points at now. */
  readonly tagged: boolean;
  /** What the page before gave as `next`. */
  readonly after: string | undefined;
  /** Of images in a page. */
  readonly limit: number;
}

export interface ImagesWithPage {
  readonly images: readonly ImageWithComponent[];
  /** Where the next page begins; undefined after the last. A page may have fewer images than the limit, and a next one. */
  readonly next: string | undefined;
}

/** Which images have which components. Written by `RegistryState.publish`, in its transaction. */
export interface ComponentIndex {
  /** The versions of a package that any image has or had, in no order; at most `limit`. */
  versions(name: string, limit: number): Promise<readonly ComponentVersion[]>;
  /** Images with any of these, those whose set of components is newest first. Throws `COMPONENT_CURSOR`. */
  imagesWith(request: ImagesWithRequest): Promise<ImagesWithPage>;
  /** What an image is made of, by name, or undefined when nobody said. */
  componentsOf(repository: string, digest: Digest): Promise<readonly Component[] | undefined>;
}
