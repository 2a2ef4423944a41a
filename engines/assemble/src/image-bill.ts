import { rfc3339 } from '@kiln/base';
import { architectureOf } from '@kiln/image-config';
import type { Descriptor } from '@kiln/oci';
import { imageSbom, parseOsRelease, spdxBytesMax } from '@kiln/spdx';
import type { ImageFacts, SpdxDocument, SpdxTool } from '@kiln/spdx';
import type { AssembledTree } from './assemble.ts';
import { readFile, readText, refuseDirectory } from './content.ts';
import { readableSbom, sbomPaths } from './package-bill.ts';
import type { PackageContents } from './package-contents.ts';

export interface SbomOfImageInput {
  readonly assembled: AssembledTree;
  /** How far from UTC the time of the image is said, default 0. */
  readonly createdOffsetMinutes?: number;
  readonly arch: string;
  readonly manifest: Descriptor;
  readonly layers: readonly Descriptor[];
  /** Last component of the repository name. */
  readonly repositoryName: string;
  readonly tool: SpdxTool;
  readonly vcsUrl?: string;
}

/**
 * The SBOM of an assembled image as apko makes it, of its packages' own documents, which lie in the image under
 * `var/lib/db/sbom`. A document that cannot be read counts as absent. Throws `SPDX_INVALID`, `OS_RELEASE_INVALID`, and
 * `ASSEMBLE_PATH_INVALID` for a directory in its place.
 */
export async function sbomOfImage(input: SbomOfImageInput): Promise<SpdxDocument> {
  const { assembled } = input;
  const packages = [];
  for (const contents of assembled.recorded)
    packages.push({ name: contents.info.name, sbom: await sbomOf(assembled, contents) });
  return imageSbom({ ...(await imageFacts(input)), packages });
}

/** What is known of an assembled image apart from its packages. Throws `OS_RELEASE_INVALID`. */
export async function imageFacts(input: SbomOfImageInput): Promise<ImageFacts> {
  const { assembled } = input;
  refuseDirectory(assembled.tree.at('etc/os-release'), 'etc/os-release', assembled.dialect);
  const osRelease = await readText(assembled.tree, 'etc/os-release');
  return {
    manifest: input.manifest.digest,
    manifestMediaType: input.manifest.mediaType,
    repositoryName: input.repositoryName,
    arch: architectureOf(input.arch)?.oci.architecture ?? input.arch,
    created: rfc3339(assembled.buildDateSeconds, input.createdOffsetMinutes),
    tool: input.tool,
    layers: input.layers,
    osRelease: osRelease === undefined ? undefined : parseOsRelease(osRelease, assembled.dialect),
    vcsUrl: input.vcsUrl ?? '',
  };
}

async function sbomOf(
  { tree }: AssembledTree,
  { info }: PackageContents,
): Promise<SpdxDocument | undefined> {
  for (const path of sbomPaths(info)) {
    const node = tree.at(path);
    refuseDirectory(node, path, 'apko');
    if (node?.type === 'file')
      return readableSbom(await readFile(node, path, spdxBytesMax), 'apko');
  }
  return undefined;
}
