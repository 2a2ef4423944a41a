import type { Digest } from '@kiln/base';
import { spdxId } from './identifier.ts';
import type { SbomDialect } from './image-elements.ts';
import { digestPackage, documentFacts, ociPurl, sourcePackage } from './image-elements.ts';
import type { SpdxDocument, SpdxPackage, SpdxTool } from './types.ts';

export interface IndexSbomInput {
  readonly dialect?: SbomDialect;
  readonly index: Digest;
  readonly indexMediaType: string;
  /** Last component of the repository name; where there is none the names are `index` and `image`. */
  readonly repositoryName: string | undefined;
  readonly created: string;
  readonly tool: SpdxTool;
  /** Who supplies the index; ignored in dialect `apko`. */
  readonly supplier: string;
  readonly vcsUrl: string;
  readonly images: readonly {
    readonly digest: Digest;
    readonly mediaType: string;
    readonly arch: string;
  }[];
}

/** The SBOM of an image index: the index, one package per architecture, the configuration's source. */
export function indexSbom(input: IndexSbomInput): SpdxDocument {
  const isApko = input.dialect === 'apko';
  const supplier = isApko ? 'Organization: Chainguard, Inc.' : input.supplier;
  const index: SpdxPackage = {
    ...digestPackage(spdxId(['Package', input.index]), input.index, supplier),
    description: 'Multi-arch image index',
    sourceInfo: `Generated at image build time by ${isApko ? 'apko' : input.tool.name}`,
    externalRefs: [
      ociPurl(input.repositoryName ?? 'index', input.index, { mediaType: input.indexMediaType }),
    ],
  };
  const images = input.images.map(({ digest, mediaType, arch }): SpdxPackage => ({
    ...digestPackage(spdxId(['Package', digest]), digest, supplier),
    externalRefs: [
      ociPurl(input.repositoryName ?? 'image', digest, { arch, mediaType, os: 'linux' }),
    ],
  }));
  const source = sourcePackage(input.vcsUrl, supplier);
  return {
    name: `sbom-${input.index}`,
    ...documentFacts(input, input.index),
    describes: [index.id],
    packages: [index, ...images, ...source],
    relationships: [
      // SPDX reads "A VARIANT_OF B" as A being the variant; apko writes it the other way round.
      ...images.map(({ id }) =>
        isApko
          ? { from: index.id, type: 'VARIANT_OF', to: id }
          : { from: id, type: 'VARIANT_OF', to: index.id },
      ),
      ...source.map(({ id }) => ({ from: index.id, type: 'GENERATED_FROM', to: id })),
    ],
    extractedLicenses: [],
  };
}
