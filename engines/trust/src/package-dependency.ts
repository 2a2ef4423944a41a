import { hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { ResourceDescriptor } from '@kiln/intoto';
import { printPurl } from '@kiln/spdx';

/** A package file that an image is made of, as a resolved dependency of its provenance. */
export function packageDependency(
  {
    name,
    version,
    arch,
  }: { readonly name: string; readonly version: string; readonly arch: string },
  { apk, namespace }: { readonly apk: Digest; readonly namespace: string },
): ResourceDescriptor {
  return {
    name: `${name}-${version}.apk`,
    uri: printPurl({ type: 'apk', namespace, name, version, qualifiers: { arch } }),
    digest: { sha256: hexOf(apk) },
  };
}
