import { hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { spdxId } from './identifier.ts';
import { purlText } from './purl.ts';
import { barePackage, purlRef } from './types.ts';
import type { SpdxDocument, SpdxPackage, SpdxTool } from './types.ts';

/** `apko` reproduces apko's documents, its oddities included, but for who made them; `kiln` is the default. */
export type SbomDialect = 'kiln' | 'apko';

/** What is known of an image apart from its packages. */
export interface ImageFacts {
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
}

/** The members of os-release(5) that an SBOM needs. */
export interface OsRelease {
  readonly id: string;
  readonly name: string;
  readonly versionId: string;
}

/** What an image without `/etc/os-release` is said to be. */
export function unknownSystem(maker: string): OsRelease {
  return { id: 'unknown', name: `${maker}-generated image`, versionId: 'unknown' };
}

/** Who supplies an image of this system. */
export function supplierOf(os: OsRelease): string {
  return os.name === '' ? 'NOASSERTION' : `Organization: ${os.name}`;
}

export function documentFacts(
  input: {
    readonly dialect?: SbomDialect;
    readonly tool: SpdxTool;
    readonly created: string;
  },
  digest: Digest,
): Pick<SpdxDocument, 'created' | 'creators' | 'licenseListVersion' | 'namespace'> {
  const isApko = input.dialect === 'apko';
  return {
    created: input.created,
    creators: [`Tool: ${input.tool.name} (${input.tool.version})`],
    licenseListVersion: '3.27',
    // apko's is the same for all documents; who made it is said by its name.
    namespace: `https://spdx.org/spdxdocs/${isApko ? `${input.tool.name}/` : `kiln/image/sha256-${hexOf(digest)}`}`,
  };
}

export function digestPackage(id: string, digest: Digest, supplier: string): SpdxPackage {
  return {
    ...barePackage(id, digest),
    version: digest,
    supplier,
    purpose: 'CONTAINER',
    checksums: [{ algorithm: 'SHA256', hex: hexOf(digest) }],
  };
}

export function imagePackage(id: string, image: ImageFacts, supplier: string): SpdxPackage {
  const { manifest, manifestMediaType: mediaType, arch, repositoryName } = image;
  return {
    ...digestPackage(id, manifest, supplier),
    externalRefs: [ociPurl(repositoryName, manifest, { arch, mediaType, os: 'linux' })],
  };
}

export function layerPackage(
  id: string,
  { digest, mediaType }: ImageFacts['layers'][number],
  image: ImageFacts,
  os: OsRelease,
): SpdxPackage {
  return {
    ...barePackage(id, digest),
    version: os.versionId,
    supplier: supplierOf(os),
    purpose: 'CONTAINER',
    externalRefs: [
      ociPurl(image.repositoryName, digest, { arch: image.arch, mediaType, os: 'linux' }),
    ],
  };
}

export function systemPackage(id: string, os: OsRelease): SpdxPackage {
  return {
    ...barePackage(id, os.id),
    version: os.versionId,
    description: 'Operating System',
    supplier: supplierOf(os),
    purpose: 'OPERATING_SYSTEM',
  };
}

/** Where the configuration comes from: none or one. */
export function sourcePackage(vcsUrl: string, supplier: string): SpdxPackage[] {
  if (vcsUrl === '') return [];
  const at = vcsUrl.indexOf('@');
  const [url, commit] = at === -1 ? [vcsUrl, ''] : [vcsUrl.slice(0, at), vcsUrl.slice(at + 1)];
  const name = url.replace(/^(?:git\+ssh|git|https):\/\//, '');
  const [, owner, repository = ''] = /^github\.com\/([^/]*)\/(.*?)(?:\.git)?$/s.exec(name) ?? [];
  return [
    {
      ...barePackage(spdxId(['Package', vcsUrl], 'code'), name),
      version: commit,
      description: 'Image configuration source',
      downloadLocation: vcsUrl,
      supplier,
      purpose: 'SOURCE',
      checksums: at === -1 ? [] : [{ algorithm: 'SHA1', hex: commit }],
      externalRefs:
        owner === undefined
          ? []
          : [
              purlRef(
                purlText({ type: 'github', namespace: owner, name: repository, version: commit }),
              ),
            ],
    },
  ];
}

/** The package URL of a thing in a registry. */
export function ociPurl(
  name: string,
  digest: Digest,
  qualifiers: Readonly<Record<string, string>>,
): SpdxPackage['externalRefs'][number] {
  const query = Object.entries(qualifiers).map(
    ([key, value]) => `${key}=${encodeURIComponent(value)}`,
  );
  return purlRef(`pkg:oci/${name}@${digest}?${query.join('&')}`);
}
