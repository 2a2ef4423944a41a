import { sbomOfImage } from '@kiln/assemble';
import type { AssembledTree, AssemblyDialect, ImageDocument } from '@kiln/assemble';
import { architectureOf } from '@kiln/image-config';
import { indexSbom, printSpdx } from '@kiln/spdx';
import { kilnVersion } from '../version.ts';
import { apkArch } from './architectures.ts';
import type { BuiltImage } from './build-images.ts';

/** A document that describes an image, with the name of its file. */
export interface Sbom {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const tool = { name: 'kiln', version: kilnVersion() };

/** The SBOM of one architecture. Throws what `sbomOfImage` throws. */
export async function describeImage(
  { arch, manifest, layers }: BuiltImage,
  context: {
    readonly assembled: AssembledTree;
    readonly repositoryName: string;
    readonly vcsUrl?: string;
  },
): Promise<Sbom> {
  const document = await sbomOfImage({
    ...context,
    arch,
    manifest: manifest.descriptor,
    layers,
    tool,
  });
  return { name: `sbom-${apkArch(arch)}.spdx.json`, bytes: printSpdx(document) };
}

/** The SBOM of the index. */
export function describeIndex(input: {
  readonly dialect: AssemblyDialect;
  readonly index: ImageDocument;
  readonly images: readonly BuiltImage[];
  readonly repositoryName: string;
  readonly createdSeconds: number;
  readonly vcsUrl: string;
}): Sbom {
  const document = indexSbom({
    dialect: input.dialect,
    index: input.index.descriptor.digest,
    indexMediaType: input.index.descriptor.mediaType,
    repositoryName: input.repositoryName,
    created: new Date(input.createdSeconds * 1000).toISOString().replace('.000Z', 'Z'),
    tool,
    supplier: '',
    vcsUrl: input.vcsUrl,
    images: input.images.map(({ arch, manifest }) => ({
      digest: manifest.descriptor.digest,
      mediaType: manifest.descriptor.mediaType,
      arch: architectureOf(arch)?.oci.architecture ?? arch,
    })),
  });
  return { name: 'sbom-index.spdx.json', bytes: printSpdx(document) };
}
