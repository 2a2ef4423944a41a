import { hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { copyPackageSbom } from './copy.ts';
import { spdxId } from './identifier.ts';
import { apkPurl } from './package-sbom.ts';
import { barePackage, purlRef } from './types.ts';
import type { SpdxDocument, SpdxPackage, SpdxTool } from './types.ts';

/** `apko` reproduces apko's documents, its oddities included, but for who made them; `kiln` is the default. */
export type SbomDialect = 'kiln' | 'apko';

export interface ImageSbomInput {
  readonly dialect?: SbomDialect;
  readonly manifest: Digest;
  readonly manifestMediaType: string;
  /** Last component of the repository name, or `image`. */
  readonly repositoryName: string;
  /** OCI architecture. */
  readonly arch: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  readonly tool: SpdxTool;
  readonly layers: readonly { readonly digest: Digest; readonly mediaType: string }[];
  /** From `/etc/os-release`; undefined when the image has none. */
  readonly osRelease: OsRelease | undefined;
  /** Configuration source, `URL@COMMIT`, or "". */
  readonly vcsUrl: string;
  /** In install order. */
  readonly packages: readonly ImagePackage[];
}

/** The members of os-release(5) that an SBOM needs. */
export interface OsRelease {
  readonly id: string;
  readonly name: string;
  readonly versionId: string;
}

export interface ImagePackage {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  readonly license: string;
  /** The package's own document; undefined when it carries none. */
  readonly sbom: SpdxDocument | undefined;
}

/**
 * The SBOM of one image: the image, its layers, its operating system, its configuration's source and every package. A
 * package without a document of its own gets an entry from what the installed database knows (`apko` leaves it out).
 * Throws `SPDX_INVALID` when a package's document refers to packages it does not have.
 */
export function imageSbom(input: ImageSbomInput): SpdxDocument {
  const isApko = input.dialect === 'apko';
  const os = input.osRelease ?? {
    id: 'unknown',
    name: `${isApko ? 'apko' : 'kiln'}-generated image`,
    versionId: 'unknown',
  };
  const supplier = os.name === '' ? 'NOASSERTION' : `Organization: ${os.name}`;
  const image = imagePackage(input, supplier);
  const layers = input.layers.map((layer) => layerPackage(input, layer, os, supplier));
  const source = sourcePackage(input.vcsUrl, supplier);
  const copies = input.packages.flatMap((p) => {
    const sbom = p.sbom ?? (isApko ? undefined : synthesised(p, os));
    return sbom === undefined
      ? []
      : [copyPackageSbom(sbom, { owner: image.id, supplier, package: p.name })];
  });
  return {
    name: `sbom-${input.layers[0]?.digest ?? input.manifest}`,
    ...documentFacts(input, hexOf(input.manifest)),
    describes: [image.id],
    packages: uniqueById([
      image,
      ...layers,
      systemPackage(os, supplier),
      ...source,
      ...copies.flatMap((copy) => copy.packages),
    ]),
    relationships: [
      ...layers.map(({ id }) => ({ from: image.id, type: 'CONTAINS', to: id })),
      ...source.map(({ id }) => ({ from: image.id, type: 'GENERATED_FROM', to: id })),
      ...copies.flatMap((copy) => copy.relationships),
    ],
    extractedLicenses: uniqueById(copies.flatMap((copy) => copy.extractedLicenses)),
  };
}

export interface IndexSbomInput {
  readonly dialect?: SbomDialect;
  readonly index: Digest;
  readonly indexMediaType: string;
  /** Last component of the repository name, or `index`. */
  readonly repositoryName: string;
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
    externalRefs: [ociPurl(input.repositoryName, input.index, { mediaType: input.indexMediaType })],
  };
  const images = input.images.map(({ digest, mediaType, arch }): SpdxPackage => ({
    ...digestPackage(spdxId(['Package', digest]), digest, supplier),
    externalRefs: [ociPurl(input.repositoryName, digest, { arch, mediaType, os: 'linux' })],
  }));
  const source = sourcePackage(input.vcsUrl, supplier);
  return {
    name: `sbom-${input.index}`,
    ...documentFacts(input, hexOf(input.index)),
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

function documentFacts(
  input: Pick<ImageSbomInput, 'dialect' | 'tool' | 'created'>,
  hex: string,
): Pick<SpdxDocument, 'created' | 'creators' | 'licenseListVersion' | 'namespace'> {
  const isApko = input.dialect === 'apko';
  const tool = `Tool: ${input.tool.name} (${input.tool.version})`;
  return {
    created: input.created,
    creators: [tool],
    licenseListVersion: '3.27',
    // apko's is the same for all documents; who made it is said by its name.
    namespace: `https://spdx.org/spdxdocs/${isApko ? `${input.tool.name}/` : `kiln/image/sha256-${hex}`}`,
  };
}

function digestPackage(id: string, digest: Digest, supplier: string): SpdxPackage {
  return {
    ...barePackage(id, digest),
    version: digest,
    supplier,
    purpose: 'CONTAINER',
    checksums: [{ algorithm: 'SHA256', hex: hexOf(digest) }],
  };
}

function imagePackage(input: ImageSbomInput, supplier: string): SpdxPackage {
  const { manifest: digest, manifestMediaType: mediaType, arch } = input;
  return {
    ...digestPackage(spdxId(['Package', 'Image', digest]), digest, supplier),
    description: input.dialect === 'apko' ? 'apko container image' : 'container image',
    externalRefs: [ociPurl(input.repositoryName, digest, { arch, mediaType, os: 'linux' })],
  };
}

function layerPackage(
  input: ImageSbomInput,
  { digest, mediaType }: ImageSbomInput['layers'][number],
  os: OsRelease,
  supplier: string,
): SpdxPackage {
  return {
    ...barePackage(spdxId(['Package', 'ImageLayer', digest]), digest),
    version: os.versionId,
    description:
      input.dialect === 'apko' ? 'apko operating system layer' : 'operating system layer',
    supplier,
    purpose: 'CONTAINER',
    externalRefs: [
      ociPurl(input.repositoryName, digest, { arch: input.arch, mediaType, os: 'linux' }),
    ],
  };
}

function systemPackage(os: OsRelease, supplier: string): SpdxPackage {
  return {
    ...barePackage(spdxId(['OperatingSystem', os.id], 'code'), os.id),
    version: os.versionId,
    description: 'Operating System',
    supplier,
    purpose: 'OPERATING_SYSTEM',
  };
}

function sourcePackage(vcsUrl: string, supplier: string): SpdxPackage[] {
  if (vcsUrl === '') return [];
  const at = vcsUrl.indexOf('@');
  const [url, commit] = at === -1 ? [vcsUrl, ''] : [vcsUrl.slice(0, at), vcsUrl.slice(at + 1)];
  const name = url.replace(/^(?:git\+ssh|git|https):\/\//, '');
  const isGithub = name.startsWith('github.com/');
  return [
    {
      ...barePackage(spdxId(['Package', vcsUrl], 'code'), name),
      version: commit,
      description: 'Image configuration source',
      downloadLocation: vcsUrl,
      supplier,
      purpose: 'SOURCE',
      checksums: commit === '' ? [] : [{ algorithm: 'SHA1', hex: commit }],
      externalRefs: isGithub
        ? [purlRef(`pkg:github/${name.slice('github.com/'.length)}@${commit}`)]
        : [],
    },
  ];
}

function ociPurl(
  name: string,
  digest: Digest,
  qualifiers: Readonly<Record<string, string>>,
): SpdxPackage['externalRefs'][number] {
  const query = Object.entries(qualifiers).map(
    ([key, value]) => `${key}=${encodeURIComponent(value)}`,
  );
  return purlRef(`pkg:oci/${name}@${digest}?${query.join('&')}`);
}

function synthesised(p: ImagePackage, os: OsRelease): SpdxDocument {
  const entry: SpdxPackage = {
    ...barePackage(spdxId(['Package', 'apk', p.name, p.version]), p.name),
    version: p.version,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: p.license || 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    purpose: 'APPLICATION',
    externalRefs: [
      purlRef(apkPurl({ namespace: os.id, name: p.name, version: p.version, arch: p.arch })),
    ],
  };
  return {
    name: `apk-${p.name}-${p.version}`,
    created: '',
    creators: [],
    licenseListVersion: '',
    namespace: '',
    describes: [entry.id],
    packages: [entry],
    relationships: [],
    extractedLicenses: [],
  };
}

function uniqueById<T extends { readonly id: string }>(items: readonly T[]): T[] {
  const byId = new Map<string, T>();
  for (const item of items) if (!byId.has(item.id)) byId.set(item.id, item);
  return [...byId.values()];
}
