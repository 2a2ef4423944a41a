import { KilnError } from '@kiln/base';
import { architectureOf } from '@kiln/image-config';
import type { Descriptor } from '@kiln/oci';
import { imageSbom, parseOsRelease, parseSpdx } from '@kiln/spdx';
import type { SpdxDocument, SpdxTool } from '@kiln/spdx';
import type { AssembledTree } from './assemble.ts';
import { readFile, readText } from './content.ts';
import type { PackageContents } from './package-contents.ts';

export interface SbomOfImageInput {
  readonly assembled: AssembledTree;
  readonly arch: string;
  readonly manifest: Descriptor;
  readonly layers: readonly Descriptor[];
  /** Last component of the repository name. */
  readonly repositoryName: string;
  readonly tool: SpdxTool;
  readonly vcsUrl?: string;
}

const sbomBytesMax = 64 * 1024 * 1024;

/**
 * The SBOM of an assembled image: what `imageSbom` makes of its packages' own documents, which lie in the image under
 * `var/lib/db/sbom`. A document that cannot be read counts as absent. Throws `SPDX_INVALID`, `OS_RELEASE_INVALID`.
 */
export async function sbomOfImage(input: SbomOfImageInput): Promise<SpdxDocument> {
  const { assembled } = input;
  const osRelease = await readText(assembled.tree, 'etc/os-release');
  const packages = [];
  for (const contents of assembled.packages) {
    const { name, version, arch, licenses } = contents.info;
    packages.push({
      name,
      version,
      arch,
      license: licenses.join(' AND '),
      sbom: await sbomOf(assembled, contents),
    });
  }
  return imageSbom({
    dialect: assembled.dialect,
    manifest: input.manifest.digest,
    manifestMediaType: input.manifest.mediaType,
    repositoryName: input.repositoryName,
    arch: architectureOf(input.arch)?.oci.architecture ?? input.arch,
    created: new Date(assembled.buildDateSeconds * 1000).toISOString().replace('.000Z', 'Z'),
    tool: input.tool,
    layers: input.layers,
    osRelease: osRelease === undefined ? undefined : parseOsRelease(osRelease),
    vcsUrl: input.vcsUrl ?? '',
    packages,
  });
}

async function sbomOf(
  { tree }: AssembledTree,
  { info }: PackageContents,
): Promise<SpdxDocument | undefined> {
  const versions = [`-${info.version}`, `-${info.version.replace(/-r\d+$/, '')}`, ''];
  for (const version of versions) {
    const path = `var/lib/db/sbom/${info.name}${version}.spdx.json`;
    const node = tree.at(path);
    if (node?.type !== 'file') continue;
    try {
      return parseSpdx(await readFile(node, path, sbomBytesMax));
    } catch (error) {
      // An unreadable document must not stop an image that can be described without it.
      if (error instanceof KilnError && error.code === 'SPDX_INVALID') return undefined;
      throw error;
    }
  }
  return undefined;
}
