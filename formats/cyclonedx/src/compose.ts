import type { Fragment } from '@kiln/json-fragments';
import { composeLists } from '@kiln/json-fragments';
import { hexOf } from '@kiln/base';
import { ociPurl, unknownSystem } from '@kiln/spdx';
import type { ImageFacts } from '@kiln/spdx';
import type { Component } from './component.ts';
import { bareComponent, componentValue } from './component.ts';
import { serialNumber } from './serial-number.ts';

const imageReference = 'image';
const systemReference = 'operating-system';

/**
 * The CycloneDX 1.6 document of an image: the image itself, its operating system, then what each package adds
 * (`cyclonedxFragment`), in the order of the fragments. The chunks joined are canonical JSON; those of fragments are not copied.
 * Layers and the configuration's source are SPDX's alone.
 */
export function composeCyclonedx(image: ImageFacts, fragments: readonly Fragment[]): Uint8Array[] {
  const { created: timestamp, tool } = image;
  const tail = JSON.stringify({
    metadata: {
      component: componentValue(imageComponent(image)),
      timestamp,
      tools: { components: [{ name: tool.name, type: 'application', version: tool.version }] },
    },
    serialNumber: serialNumber(image.manifest),
    specVersion: '1.6',
    version: 1,
  }).slice(1);
  const system = JSON.stringify(componentValue(systemComponent(image)));
  const pieces = [
    `{"bomFormat":"CycloneDX","components":[${system}`,
    `],"dependencies":[{"dependsOn":[${JSON.stringify(systemReference)}`,
    `],"ref":${JSON.stringify(imageReference)}}],${tail}`,
  ];
  const encoder = new TextEncoder();
  return composeLists(
    pieces.map((piece) => encoder.encode(piece)),
    fragments,
  );
}

function imageComponent(image: ImageFacts): Component {
  const { manifest, manifestMediaType: mediaType, arch, repositoryName } = image;
  return {
    ...bareComponent({
      type: 'container',
      reference: imageReference,
      name: repositoryName,
      version: manifest,
    }),
    supplier: image.osRelease?.name ?? '',
    purl: ociPurl(repositoryName, manifest, { arch, mediaType, os: 'linux' }).locator,
    checksums: [{ algorithm: 'SHA256', hex: hexOf(manifest) }],
  };
}

function systemComponent({ osRelease }: ImageFacts): Component {
  const { id, name, versionId } = osRelease ?? unknownSystem('kiln');
  return {
    ...bareComponent({
      type: 'operating-system',
      reference: systemReference,
      name: id || 'unknown',
      version: versionId,
    }),
    description: name,
  };
}
