import { canonicalJson, digestOf } from '@kiln/base';
import { fetchSource, packageSbom } from '@kiln/spdx';
import type { ImageFacts, PackageFacts } from '@kiln/spdx';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { composeCyclonedx, cyclonedxFragment } from './index.ts';
import { serialNumber } from './serial-number.ts';

const image: ImageFacts = {
  manifest: `sha256:${'0'.repeat(64)}`,
  manifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
  repositoryName: 'app',
  arch: 'amd64',
  created: '2026-11-28T00:00:00Z',
  tool: { name: 'kiln', version: '1.0.0' },
  layers: [],
  osRelease: { id: 'kiln', name: 'Kiln OS', versionId: '1' },
  vcsUrl: '',
};

const tool: PackageFacts = {
  name: 'tool',
  version: '1.0-r0',
  arch: 'x86_64',
  license: 'MIT',
  description: 'a tool',
  url: 'https://tool.example.org/',
  apk: digestOf('tool'),
  distribution: 'kiln',
};

interface Composed {
  readonly components: readonly {
    readonly [member: string]: unknown;
    readonly 'bom-ref': string;
  }[];
  readonly dependencies: readonly { readonly dependsOn: readonly string[] }[];
}

function compose(parts: readonly ReturnType<typeof cyclonedxFragment>[], head = image): Composed {
  const text = Buffer.concat(composeCyclonedx(head, parts)).toString();
  const document = JSON.parse(text) as Composed;
  expect(text).toBe(canonicalJson(document));
  const references = document.components.map((one) => one['bom-ref']);
  expect(new Set(references).size).toBe(references.length);
  expect(document.dependencies).toEqual([{ dependsOn: references, ref: 'image' }]);
  return document;
}

test('the serial number is the UUID that other tools make of the digest', () => {
  expect(serialNumber(image.manifest)).toBe('urn:uuid:473a8b32-c5c3-5dcf-8cf5-459a804f3ace');
});

test('a document says what the image is, when and by what it was made', () => {
  expect(compose([])).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialNumber(image.manifest),
    components: [{ type: 'operating-system', name: 'kiln', version: '1' }],
    metadata: {
      timestamp: image.created,
      tools: { components: [{ type: 'application', name: 'kiln', version: '1.0.0' }] },
      component: {
        type: 'container',
        name: 'app',
        hashes: [{ alg: 'SHA-256', content: '0'.repeat(64) }],
        purl: `pkg:oci/app@${image.manifest}?arch=amd64&mediaType=application%2Fvnd.oci.image.manifest.v1%2Bjson&os=linux`,
      },
    },
  });
  expect(compose([], { ...image, osRelease: undefined }).components[0]).toMatchObject({
    name: 'unknown',
  });
});

test('a component is what its own document and its facts say', () => {
  const own = packageSbom({
    namespace: 'kiln',
    name: 'tool',
    version: '1.0-r0',
    arch: 'x86_64',
    created: image.created,
    tool: image.tool,
    licenseDeclared: 'MIT OR ISC',
    copyrightText: '',
    cpe: 'cpe:2.3:a:example:tool:1.0:*:*:*:*:*:*:*',
    recipe: undefined,
    ownSources: [],
    sources: [
      fetchSource({
        name: 'tool',
        version: '1.0',
        index: 0,
        uri: 'https://downloads.example.org/tool 1.tar',
        checksums: [{ algorithm: 'sha256', hex: 'ab'.repeat(32) }],
      }),
      fetchSource({
        name: 'more',
        version: '1.0',
        index: 1,
        uri: 'https://downloads.example.org/more%.tar',
        checksums: [],
      }),
      fetchSource({
        name: 'most',
        version: '1.0',
        index: 2,
        uri: 'https://downloads.example.org/most.tar',
        checksums: [{ algorithm: 'sha256', hex: 'cd'.repeat(32) }],
      }),
    ],
    extractedLicenses: [],
  });
  expect(compose([cyclonedxFragment(tool, own)]).components[1]).toEqual({
    type: 'library',
    'bom-ref': `tool-1.0-r0-${tool.apk.slice(7, 39)}`,
    name: 'tool',
    version: '1.0-r0',
    description: 'a tool',
    purl: 'pkg:apk/kiln/tool@1.0-r0?arch=x86_64&distro=kiln',
    cpe: 'cpe:2.3:a:example:tool:1.0:*:*:*:*:*:*:*',
    supplier: { name: 'Kiln' },
    licenses: [{ expression: 'MIT OR ISC' }],
    hashes: [{ alg: 'SHA-256', content: tool.apk.slice(7) }],
    externalReferences: [
      { type: 'website', url: 'https://tool.example.org/' },
      {
        type: 'source-distribution',
        url: 'https://downloads.example.org/most.tar',
        hashes: [{ alg: 'SHA-256', content: 'cd'.repeat(32) }],
      },
    ],
  });
});

test('a licence that is no expression is named as it is written', () => {
  const one = cyclonedxFragment({ ...tool, license: 'as is', url: 'no address' }, undefined);
  expect(compose([one]).components[1]).toMatchObject({
    licenses: [{ license: { name: 'as is' } }],
  });
  expect(compose([one]).components[1]).not.toHaveProperty('externalReferences');
});

test('whatever packages are called, an image of them is JSON with unique references', () => {
  const word = fc.string({
    minLength: 1,
    maxLength: 12,
    unit: fc.constantFrom(...Array.from('aZ09.-_+:/%# "\\<&\n\u0007\u2028ü😀')),
  });
  const packages = fc.uniqueArray(word, { maxLength: 8 });
  fc.assert(
    fc.property(packages, word, (names, text) => {
      const { components } = compose(
        names.map((name) =>
          cyclonedxFragment(
            { ...tool, name, license: text, description: text, url: text, apk: digestOf(name) },
            undefined,
          ),
        ),
      );
      expect(components.slice(1).map((one) => one['name'])).toEqual(names);
    }),
  );
});
