import { MemoryBillCache, imageFacts, packageBill, sbomOfImage } from '@kiln/assemble';
import type {
  AssembledTree,
  AssemblyDialect,
  ImageDocument,
  PackageBill,
  PackageContents,
  SbomOfImageInput,
} from '@kiln/assemble';
import { rfc3339 } from '@kiln/base';
import { composeCyclonedx } from '@kiln/cyclonedx';
import { architectureOf } from '@kiln/image-config';
import { composeSpdx, indexSbom, printSpdx } from '@kiln/spdx';
import { kilnVersion } from '../version.ts';
import { apkArch } from './architectures.ts';
import type { BuiltImage } from './build-images.ts';
import type { SbomFormat } from './sbom-formats.ts';

/** A document that describes an image, with the name of its file. */
export interface Sbom {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const tool = { name: 'kiln', version: kilnVersion() };

const extensions: Readonly<Record<SbomFormat, string>> = {
  spdx: 'spdx.json',
  cyclonedx: 'cdx.json',
};

/** What is made for one image is of no use for another. */
const billsBytesMax = 0;

/** The SBOMs of one architecture: in dialect `apko` as apko makes it. Throws what `sbomOfImage` and `packageBill` throw. */
export async function describeImage(
  { arch, manifest, layers }: BuiltImage,
  context: {
    readonly assembled: AssembledTree;
    readonly createdOffsetMinutes: number;
    readonly formats: readonly SbomFormat[];
    readonly repositoryName: string;
    readonly vcsUrl?: string;
  },
): Promise<readonly Sbom[]> {
  const { formats, ...described } = context;
  if (formats.length === 0) return [];
  const input = { ...described, arch, manifest: manifest.descriptor, layers, tool };
  const { dialect } = context.assembled;
  const documents =
    dialect === 'apko'
      ? { spdx: printSpdx(await sbomOfImage(input)) }
      : await composedSboms(input, formats);
  return formats.flatMap((format) => {
    const bytes = documents[format];
    return bytes === undefined
      ? []
      : [{ name: `sbom-${apkArch(arch)}.${extensions[format]}`, bytes }];
  });
}

type Documents = { readonly [F in SbomFormat]?: Uint8Array };

async function composedSboms(
  input: SbomOfImageInput,
  formats: readonly SbomFormat[],
): Promise<Documents> {
  const facts = await imageFacts(input);
  const bills = new MemoryBillCache(billsBytesMax);
  const distribution = facts.osRelease?.id ?? '';
  const parts: PackageBill[] = [];
  for (const one of input.assembled.packages) {
    const open = (): Promise<PackageContents> => Promise.resolve(one);
    parts.push(await packageBill(bills, { apk: one.apk, distribution, open }));
  }
  const compose = { spdx: composeSpdx, cyclonedx: composeCyclonedx };
  return Object.fromEntries(
    formats.map((format) => {
      const fragments = parts.map((part) => part[format]);
      return [format, Buffer.concat([...compose[format](facts, fragments), Buffer.from('\n')])];
    }),
  );
}

/** The SBOM of the index: in SPDX, since CycloneDX has nothing to say of it that those of the images do not. */
export function describeIndex(input: {
  readonly dialect: AssemblyDialect;
  readonly index: ImageDocument;
  readonly images: readonly BuiltImage[];
  readonly repositoryName: string | undefined;
  readonly createdSeconds: number;
  readonly createdOffsetMinutes: number;
  readonly vcsUrl: string;
}): Sbom {
  const document = indexSbom({
    dialect: input.dialect,
    index: input.index.descriptor.digest,
    indexMediaType: input.index.descriptor.mediaType,
    repositoryName: input.repositoryName,
    created: rfc3339(input.createdSeconds, input.createdOffsetMinutes),
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
