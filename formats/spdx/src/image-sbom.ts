import { copyPackageSbom } from './copy.ts';
import { spdxId } from './identifier.ts';
import type { ImageFacts } from './image-elements.ts';
import {
  documentFacts,
  imagePackage,
  layerPackage,
  sourcePackage,
  supplierOf,
  systemPackage,
  unknownSystem,
} from './image-elements.ts';
import type { SpdxDocument } from './types.ts';
import { uniqueById } from './unique.ts';

export interface ImageSbomInput extends ImageFacts {
  /** In install order. */
  readonly packages: readonly ImagePackage[];
}

export interface ImagePackage {
  readonly name: string;
  /** The package's own document; undefined when it carries none. */
  readonly sbom: SpdxDocument | undefined;
}

/**
 * The SBOM of one image as apko makes it, its oddities included, but for who made it: the image, its layers, its operating
 * system, its configuration's source and every package that has a document of its own. `composeSpdx` makes Kiln's.
 * Throws `SPDX_INVALID` when a package's document refers to packages it does not have.
 */
export function imageSbom(input: ImageSbomInput): SpdxDocument {
  const os = input.osRelease ?? unknownSystem('apko');
  const supplier = supplierOf(os);
  const imageId = spdxId(['Package', 'Image', input.manifest]);
  const image = {
    ...imagePackage(imageId, input, supplier),
    description: 'apko container image',
  };
  const layers = input.layers.map((layer) => ({
    ...layerPackage(spdxId(['Package', 'ImageLayer', layer.digest]), layer, input, os),
    description: 'apko operating system layer',
  }));
  const source = sourcePackage(input.vcsUrl, supplier);
  const copies = input.packages.flatMap(({ name, sbom }) =>
    sbom === undefined ? [] : [copyPackageSbom(sbom, { owner: image.id, supplier, package: name })],
  );
  return {
    name: `sbom-${input.layers[0]?.digest ?? input.manifest}`,
    ...documentFacts({ ...input, dialect: 'apko' }, input.manifest),
    describes: [image.id],
    packages: uniqueById([
      image,
      ...layers,
      systemPackage(spdxId(['OperatingSystem', os.id], 'code'), os),
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
