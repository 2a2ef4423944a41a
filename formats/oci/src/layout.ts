import type { Digest } from '@kiln/base';
import { hexOf } from '@kiln/base';

/** The file that says a folder is an OCI layout (image-layout.md), and what is in it. */
export const layoutMarker: { readonly name: string; readonly text: string } = {
  name: 'oci-layout',
  text: '{"imageLayoutVersion":"1.0.0"}',
};

/** Where a blob lies in an OCI layout. */
export function layoutBlobPath(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}
