import type { Fragment } from '@kiln/json-fragments';
import { composeLists } from '@kiln/json-fragments';
import { hexOf } from '@kiln/base';
import { documentPieces } from './canonical.ts';
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
import { validPackage } from './valid.ts';

/** The image's identifier in its document: always the same, so that fragments can refer to it. */
export const imageId = 'SPDXRef-Image';

/**
 * The SPDX 2.3 document of an image: the image, its layers, its operating system and its configuration's source, then what each
 * package adds (`spdxFragment`), in the order of the fragments. The chunks joined are canonical JSON; those of fragments are not
 * copied. An image has a package once: with the same fragment twice identifiers are not unique.
 */
export function composeSpdx(image: ImageFacts, fragments: readonly Fragment[]): Uint8Array[] {
  const encoder = new TextEncoder();
  const pieces = documentPieces(headOf(image)).map((piece) => encoder.encode(piece));
  return composeLists(pieces, fragments);
}

/** The document without its packages. */
function headOf(image: ImageFacts): SpdxDocument {
  const os = image.osRelease ?? unknownSystem('kiln');
  const supplier = supplierOf(os);
  const layers = image.layers.map((layer) => ({
    ...layerPackage(`SPDXRef-Layer-${hexOf(layer.digest)}`, layer, image, os),
    description: 'operating system layer',
  }));
  const system = systemPackage('SPDXRef-OperatingSystem', os);
  const source = sourcePackage(image.vcsUrl, supplier).map((p) => ({ ...p, id: 'SPDXRef-Source' }));
  const parts = uniqueById([...layers, system]);
  const whole = { ...imagePackage(imageId, image, supplier), description: 'container image' };
  return {
    name: `sbom-${image.manifest}`,
    ...documentFacts(image, image.manifest),
    describes: [imageId],
    packages: [whole, ...parts, ...source].map(validPackage),
    relationships: [
      ...parts.map(({ id }) => ({ from: imageId, type: 'CONTAINS', to: id })),
      ...source.map(({ id }) => ({ from: imageId, type: 'GENERATED_FROM', to: id })),
    ],
    extractedLicenses: [],
  };
}
