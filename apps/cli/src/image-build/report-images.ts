import { counted } from '@kiln/base';
import { printReference } from '@kiln/oci';
import type { Reference } from '@kiln/oci';
import type { Output } from '../command.ts';
import { size } from '../report.ts';
import { apkArch } from './architectures.ts';
import type { BuiltImage, BuiltImages } from './build-images.ts';
import { blobsOf } from './oci-output.ts';

/** What was made, and where it went. */
export interface ReportedImages {
  readonly built: BuiltImages;
  readonly tags: readonly Reference[];
  /** The file or folder, or undefined for a registry. */
  readonly output: string | undefined;
  /** Files. */
  readonly sboms: readonly string[];
}

/** Says what was made: in a sentence and by the digest, or as JSON. */
export function reportImages(
  { data, talk }: Output,
  images: ReportedImages,
  { json }: { readonly json: boolean },
): void {
  const { built, tags, output } = images;
  if (json) {
    data(`${JSON.stringify(documentOf(images), null, 2)}\n`);
    return;
  }
  const archs = built.images.map(({ arch }) => apkArch(arch)).join(' ');
  const packages = Math.max(...built.images.map((one) => one.packages.length));
  const where = output ?? tags.map(printReference).join(' ');
  talk(`${where}: ${archs}, ${counted(packages, 'package')}, ${size(sizeOf(built))}\n`);
  const [first] = tags;
  if (first !== undefined)
    data(
      `${printReference({ ...first, tag: undefined, digest: built.index.descriptor.digest })}\n`,
    );
}

function documentOf({ built, tags, output, sboms }: ReportedImages): Record<string, unknown> {
  return {
    digest: built.index.descriptor.digest,
    tags: tags.map(printReference),
    ...(output === undefined ? {} : { output }),
    sizeBytes: sizeOf(built),
    images: built.images.map(imageOf),
    sboms,
  };
}

function imageOf({
  arch,
  manifest,
  config,
  layers,
  packages,
}: BuiltImage): Record<string, unknown> {
  const sizeBytes = [config.descriptor, ...layers].reduce((sum, one) => sum + one.sizeBytes, 0);
  return {
    arch: apkArch(arch),
    digest: manifest.descriptor.digest,
    config: config.descriptor.digest,
    sizeBytes,
    layers: layers.map((one) => ({ digest: one.digest, sizeBytes: one.sizeBytes })),
    packages,
  };
}

/** Of all blobs, each once. */
function sizeOf(built: BuiltImages): number {
  return blobsOf(built).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
