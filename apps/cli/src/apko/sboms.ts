import { sbomOfImage } from '@kiln/assemble';
import type { AssembledTree, ImageDocument } from '@kiln/assemble';
import { architectureOf } from '@kiln/image-config';
import { indexSbom, printSpdx } from '@kiln/spdx';
import type { Flags } from '../drop-in/flags.ts';
import { kilnVersion } from '../version.ts';
import { apkArch } from './architectures.ts';
import type { BuiltImage } from './build-images.ts';

/** A document that describes an image, with the name of its file. */
export interface Sbom {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const tool = { name: 'kiln', version: kilnVersion() };

/** Whether SBOMs are made: they are wanted, in the one form that there is. */
export function wantsSboms(flags: Flags): boolean {
  return flags.bool('sbom') && flags.list('sbom-formats').includes('spdx');
}

/** The SBOM of one architecture. Throws what `sbomOfImage` throws. */
export async function describeImage(
  { arch, manifest, layers }: BuiltImage,
  {
    assembled,
    repositoryName,
  }: { readonly assembled: AssembledTree; readonly repositoryName: string },
): Promise<Sbom> {
  const document = await sbomOfImage({
    assembled,
    arch,
    manifest: manifest.descriptor,
    layers,
    repositoryName,
    tool,
  });
  return { name: `sbom-${apkArch(arch)}.spdx.json`, bytes: printSpdx(document) };
}

/** The SBOM of the index. */
export function describeIndex(input: {
  readonly index: ImageDocument;
  readonly images: readonly BuiltImage[];
  readonly repositoryName: string;
  readonly createdSeconds: number;
  readonly vcsUrl: string;
}): Sbom {
  const document = indexSbom({
    dialect: 'apko',
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
