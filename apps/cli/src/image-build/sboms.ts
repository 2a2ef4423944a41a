import { MemoryBillCache, imageFacts, packageBill, sbomOfImage } from '@kiln/assemble';
import type {
  AssembledTree,
  AssemblyDialect,
  ImageDocument,
  PackageContents,
  SbomOfImageInput,
} from '@kiln/assemble';
import { rfc3339 } from '@kiln/base';
import { architectureOf } from '@kiln/image-config';
import { composeSpdx, indexSbom, printSpdx } from '@kiln/spdx';
import { kilnVersion } from '../version.ts';
import { apkArch } from './architectures.ts';
import type { BuiltImage } from './build-images.ts';

/** A document that describes an image, with the name of its file. */
export interface Sbom {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const tool = { name: 'kiln', version: kilnVersion() };

/** What is made for one image is of no use for another. */
const billsBytesMax = 0;

/** The SBOM of one architecture: in dialect `apko` as apko makes it. Throws what `sbomOfImage` and `packageBill` throw. */
export async function describeImage(
  { arch, manifest, layers }: BuiltImage,
  context: {
    readonly assembled: AssembledTree;
    readonly repositoryName: string;
    readonly vcsUrl?: string;
  },
): Promise<Sbom> {
  const input = { ...context, arch, manifest: manifest.descriptor, layers, tool };
  const { dialect } = context.assembled;
  const bytes =
    dialect === 'apko' ? printSpdx(await sbomOfImage(input)) : await composedSbom(input);
  return { name: `sbom-${apkArch(arch)}.spdx.json`, bytes };
}

async function composedSbom(input: SbomOfImageInput): Promise<Uint8Array> {
  const facts = await imageFacts(input);
  const bills = new MemoryBillCache(billsBytesMax);
  const distribution = facts.osRelease?.id ?? '';
  const parts = [];
  for (const one of input.assembled.packages) {
    const open = (): Promise<PackageContents> => Promise.resolve(one);
    parts.push((await packageBill(bills, { apk: one.apk, distribution, open })).spdx);
  }
  return Buffer.concat([...composeSpdx(facts, parts), Buffer.from('\n')]);
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
    created: rfc3339(input.createdSeconds),
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
