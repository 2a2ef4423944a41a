import { canonicalJson, digestOf } from '@kiln/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeSpdx, fetchSource, packageSbom, spdxFragment } from './index.ts';
import type { ImageFacts, PackageFacts, SpdxDocument, SpdxPackage } from './index.ts';
import { LicenceNames, barePackage, isLicenseExpression, parseSpdx } from './index.ts';

const image: ImageFacts = {
  manifest: digestOf('manifest'),
  manifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
  repositoryName: 'app',
  arch: 'amd64',
  created: '2026-11-28T00:00:00Z',
  tool: { name: 'kiln', version: '1.0.0' },
  layers: [{ digest: digestOf('layer'), mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' }],
  osRelease: { id: 'kiln', name: 'Kiln OS', versionId: '1' },
  vcsUrl: '',
};

function facts(name: string, more: Partial<PackageFacts> = {}): PackageFacts {
  return {
    name,
    version: '1.0-r0',
    arch: 'x86_64',
    license: 'MIT',
    description: `about ${name}`,
    url: '',
    apk: digestOf(`apk of ${name}`),
    distribution: 'kiln',
    ...more,
  };
}

/** The document of a package and of those that were built from the same source. */
const documentOf = (name: string, more: Partial<SpdxDocument> = {}): SpdxDocument => ({
  ...packageSbom({
    namespace: 'kiln',
    name,
    version: '1.0-r0',
    arch: 'x86_64',
    created: image.created,
    tool: image.tool,
    licenseDeclared: 'MIT',
    copyrightText: '',
    cpe: '',
    recipe: undefined,
    ownSources: [],
    sources: [
      fetchSource({
        name: 'shared',
        version: '1.0',
        index: 0,
        uri: 'https://downloads.example.org/shared.tar',
        checksums: [{ algorithm: 'sha256', hex: 'ab'.repeat(32) }],
      }),
    ],
    extractedLicenses: [],
  }),
  ...more,
});

interface Composed {
  readonly packages: readonly { readonly [member: string]: unknown; readonly SPDXID: string }[];
  readonly relationships: readonly {
    readonly spdxElementId: string;
    readonly relatedSpdxElement: string;
    readonly relationshipType: string;
  }[];
  readonly hasExtractedLicensingInfos: readonly {
    readonly licenseId: string;
    readonly extractedText: string;
  }[];
}

function compose(parts: readonly ReturnType<typeof spdxFragment>[], head = image): Composed {
  const text = Buffer.concat(composeSpdx(head, parts)).toString();
  const document = JSON.parse(text) as Composed;
  expect(text).toBe(canonicalJson(document));
  const ids = document.packages.map((one) => one.SPDXID);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { spdxElementId, relatedSpdxElement } of document.relationships)
    expect(ids).toEqual(expect.arrayContaining([spdxElementId, relatedSpdxElement]));
  return document;
}

/** The one element of this name. */
function named(document: Composed, name: string): Composed['packages'][number] {
  const found = document.packages.filter((one) => one['name'] === name);
  expect(found).toHaveLength(1);
  return found[0] as Composed['packages'][number];
}

describe('an image of packages', () => {
  test('has what each package says, though two say the same', () => {
    const names = ['one', 'two'];
    const document = compose(names.map((name) => spdxFragment(facts(name), documentOf(name))));
    for (const name of names) {
      const { SPDXID } = named(document, name);
      expect(document.relationships).toContainEqual({
        spdxElementId: 'SPDXRef-Image',
        relationshipType: 'CONTAINS',
        relatedSpdxElement: SPDXID,
      });
      const source = document.relationships.find((one) => one.spdxElementId === SPDXID);
      expect(source?.relationshipType).toBe('GENERATED_FROM');
    }
    expect(document.packages.filter((one) => one['name'] === 'shared')).toHaveLength(2);
  });

  test('names the file of a package, whose own document cannot', () => {
    const document = compose([spdxFragment(facts('one'), documentOf('one'))]);
    expect(named(document, 'one')).toMatchObject({
      checksums: [{ algorithm: 'SHA256', checksumValue: facts('one').apk.slice(7) }],
      externalRefs: [{ referenceLocator: 'pkg:apk/kiln/one@1.0-r0?arch=x86_64&distro=kiln' }],
      supplier: 'Organization: Kiln',
    });
  });

  test('describes a package without a document from the facts', () => {
    const document = compose([spdxFragment(facts('bare', { license: 'ISC' }), undefined)]);
    expect(named(document, 'bare')).toMatchObject({
      versionInfo: '1.0-r0',
      licenseDeclared: 'ISC',
      supplier: 'NOASSERTION',
      externalRefs: [{ referenceLocator: 'pkg:apk/kiln/bare@1.0-r0?arch=x86_64&distro=kiln' }],
    });
  });

  test('without packages, os-release or with one layer twice is described too', () => {
    const { layers } = image;
    const head = { ...image, osRelease: undefined, layers: [...layers, ...layers] };
    expect(compose([], head).packages.map((one) => one['name'])).toEqual([
      image.manifest,
      layers[0]?.digest,
      'unknown',
    ]);
  });

  test('names where its configuration is from', () => {
    const head = { ...image, vcsUrl: `https://github.com/o/r@${'ab'.repeat(20)}` };
    expect(named(compose([], head), 'github.com/o/r')).toMatchObject({
      checksums: [{ algorithm: 'SHA1', checksumValue: 'ab'.repeat(20) }],
    });
  });

  test.each([
    ['https://github.com/o/r@feature/x+y', 'github.com/o/r', 'pkg:github/o/r@feature%2Fx%2By'],
    ['https://github.com/\u00fc/a/b.git', 'github.com/\u00fc/a/b.git', 'pkg:github/%C3%BC/a%2Fb'],
    ['https://github.com/o/', 'github.com/o/', 'pkg:github/o/'],
  ])('encodes where it is from: %s', (vcsUrl, name, referenceLocator) => {
    expect(named(compose([], { ...image, vcsUrl }), name)).toMatchObject({
      externalRefs: [{ referenceLocator }],
    });
  });

  test('differs from another in its name space', () => {
    const other = { ...image, manifest: digestOf('other') };
    const spaces = [image, other].map(
      (head) => parseSpdx(Buffer.concat(composeSpdx(head, []))).namespace,
    );
    expect(new Set(spaces).size).toBe(2);
  });
});

describe('what a package says of itself', () => {
  const of = (p: Partial<SpdxPackage>, more: Partial<SpdxDocument> = {}): Composed =>
    compose([
      spdxFragment(
        facts('one'),
        documentOf('one', {
          packages: [{ ...barePackage('SPDXRef-one', 'one'), ...p }],
          relationships: [],
          describes: ['SPDXRef-one'],
          ...more,
        }),
      ),
    ]);

  test.each([
    [
      'a purpose of the older spelling',
      { purpose: 'OPERATING-SYSTEM' },
      'primaryPackagePurpose',
      'OPERATING_SYSTEM',
    ],
    ['a purpose that is none', { purpose: 'toy' }, 'primaryPackagePurpose', 'OTHER'],
    ['a supplier without kind', { supplier: 'me' }, 'supplier', 'NOASSERTION'],
    ['a supplier of two lines', { supplier: 'Person: a\nb' }, 'supplier', 'NOASSERTION'],
    [
      'an address with a space',
      { downloadLocation: 'https://a b' },
      'downloadLocation',
      'NOASSERTION',
    ],
    ['no address', { downloadLocation: '' }, 'downloadLocation', 'NOASSERTION'],
    [
      'an address of a repository',
      { downloadLocation: 'git+https://a.org/b@c' },
      'downloadLocation',
      'git+https://a.org/b@c',
    ],
    ['half a character', { copyrightText: '\ud800' }, 'copyrightText', '\ufffd'],
    ['no version', { version: '' }, 'versionInfo', '1.0-r0'],
    ['an attribution', { attributionText: 'thanks' }, 'attributionTexts', ['thanks']],
  ])('%s is made valid', (_name, p, member, expected) => {
    expect(named(of(p), 'one')[member]).toEqual(expected);
  });

  test('checksums and identifiers of another form are left out', () => {
    const purl = { category: 'PACKAGE-MANAGER', locator: 'pkg:generic/a@1', type: 'purl' };
    const cpe = {
      category: 'SECURITY',
      locator: 'cpe:2.3:a:b:c\\+\\+:1.0:*:*:*:*:*:*:*',
      type: 'cpe23Type',
    };
    const one = named(
      of({
        checksums: [
          { algorithm: 'SHA1', hex: 'ab'.repeat(20) },
          { algorithm: 'SHA512', hex: 'ab'.repeat(20) },
          { algorithm: 'ROT13', hex: 'ab' },
        ],
        externalRefs: [
          purl,
          cpe,
          { ...purl, locator: 'pkg:a b' },
          { ...cpe, locator: 'cpe:2.3:a:b' },
          { ...cpe, category: 'OTHER' },
        ],
      }),
      'one',
    );
    expect(one['checksums']).toEqual([
      { algorithm: 'SHA256', checksumValue: expect.any(String) as string },
      { algorithm: 'SHA1', checksumValue: 'ab'.repeat(20) },
    ]);
    expect(one['externalRefs']).toEqual(
      [purl, cpe].map(({ category, locator, type }) => ({
        referenceCategory: category,
        referenceLocator: locator,
        referenceType: type,
      })),
    );
  });

  test('relations to files and to what is not there are left out, and unknown ones named OTHER', () => {
    const document = of(
      {},
      {
        packages: [barePackage('SPDXRef-one', 'one'), barePackage('SPDXRef-Image', 'trap')],
        relationships: [
          { from: 'SPDXRef-one', type: 'CONTAINS', to: 'SPDXRef-File-a' },
          { from: 'SPDXRef-one', type: 'CONTAINS', to: 'NOASSERTION' },
          { from: 'SPDXRef-one', type: 'LIKES', to: 'SPDXRef-Image' },
          { from: 'SPDXRef-Image', type: 'DEPENDS_ON', to: 'SPDXRef-one' },
        ],
      },
    );
    const [one, trap] = ['one', 'trap'].map((name) => named(document, name).SPDXID);
    expect(document.relationships.slice(2)).toEqual([
      { spdxElementId: 'SPDXRef-Image', relationshipType: 'CONTAINS', relatedSpdxElement: one },
      { spdxElementId: one, relationshipType: 'OTHER', relatedSpdxElement: trap },
      { spdxElementId: trap, relationshipType: 'DEPENDS_ON', relatedSpdxElement: one },
    ]);
  });

  test('a package URL that is none is replaced', () => {
    const ref = { category: 'PACKAGE-MANAGER', locator: 'one', type: 'purl' };
    expect(named(of({ externalRefs: [ref] }), 'one')['externalRefs']).toEqual([
      expect.objectContaining({
        referenceLocator: 'pkg:apk/kiln/one@1.0-r0?arch=x86_64&distro=kiln',
      }),
    ]);
  });

  test('a document that describes nothing counts as none', () => {
    expect(named(of({}, { describes: [] }), 'one')['licenseDeclared']).toBe('MIT');
  });

  test('licences that are not on the list keep their texts under names of their own', () => {
    const parts = ['one', 'two'].map((name) =>
      spdxFragment(
        facts(name),
        documentOf(name, {
          packages: [
            {
              ...barePackage('SPDXRef-a', name),
              licenseConcluded: 'MIT AND LicenseRef-own',
              licenseDeclared: 'LicenseRef-own OR LicenseRef-none',
            },
          ],
          relationships: [],
          describes: ['SPDXRef-a'],
          extractedLicenses: [{ id: 'LicenseRef-own', text: `text of ${name}` }],
        }),
      ),
    );
    const bare = spdxFragment(facts('three', { license: 'as is, mostly' }), undefined);
    const document = compose([...parts, bare]);
    const texts = new Map(
      document.hasExtractedLicensingInfos.map((one) => [one.licenseId, one.extractedText]),
    );
    expect(texts.size).toBe(5);
    expect([...texts.values()].filter((text) => text.startsWith('text of'))).toEqual([
      'text of one',
      'text of two',
    ]);
    const declared = String(named(document, 'three')['licenseDeclared']);
    expect(texts.get(declared)).toBe('as is, mostly');
    for (const name of ['one', 'two']) {
      const expression = String(named(document, name)['licenseDeclared']);
      expect(isLicenseExpression(expression)).toBe(true);
      for (const [id] of expression.matchAll(/LicenseRef-[\w.-]+/g))
        expect(texts.has(id)).toBe(true);
    }
  });

  test.each([
    ['MIT+', '{MIT+}'],
    [
      '(MIT+ OR ISC) AND Zlib+ WITH GCC-exception-2.0',
      '({MIT+} OR ISC) AND {Zlib+ WITH GCC-exception-2.0}',
    ],
    ['GPL-2.0+ and GPL-2.0-or-later+', 'GPL-2.0+ AND {GPL-2.0-or-later+}'],
    ['MIT or LicenseRef-or', 'MIT OR {LicenseRef-or}'],
    ['GPL-2.0-with-classpath-exception', 'GPL-2.0-only WITH Classpath-exception-2.0'],
    ['GPL-2.0-with-font-exception+', '{GPL-2.0-with-font-exception+}'],
    ['eCos-2.0 with GCC-exception-2.0', '{eCos-2.0 WITH GCC-exception-2.0}'],
  ])('of %j, strict readers know each name', (license, expected) => {
    const names = new LicenceNames([{ id: 'LicenseRef-or', text: 'LicenseRef-or' }], '-x');
    const expression = names.expression(license);
    expect(isLicenseExpression(expression)).toBe(true);
    const texts = new Map(names.extracted.map(({ id, text }) => [id, text]));
    expect(expression.replaceAll(/LicenseRef-[\w.-]+/g, (id) => `{${texts.get(id)}}`)).toBe(
      expected,
    );
  });

  test('the name of a licence that is not on the list says what it was', () => {
    const names = new LicenceNames([], '-x');
    expect(names.expression('ISC OR MIT+  WITH GCC-exception-2.0 OR MIT+')).toBe(
      'ISC OR LicenseRef-MIT-or-later-WITH-GCC-exception-2.0-x OR LicenseRef-MIT-or-later-x',
    );
  });
});

const word = fc.string({
  minLength: 1,
  maxLength: 12,
  unit: fc.constantFrom(...Array.from('aZ09.-_+:/%# "\\<&\n\u0007\u2028ü😀')),
});
const id = fc.stringMatching(/^SPDXRef-[a-zA-Z0-9.-]{1,6}$/);
const wildPackage = fc.record({
  id,
  name: word,
  version: word,
  licenseConcluded: fc.oneof(word, fc.constant('LicenseRef-a AND MIT')),
  licenseDeclared: word,
  description: word,
  downloadLocation: word,
  originator: word,
  supplier: word,
  sourceInfo: word,
  copyrightText: word,
  attributionText: word,
  purpose: word,
  checksums: fc.array(fc.record({ algorithm: fc.constantFrom('SHA1', 'x'), hex: word })),
  externalRefs: fc.array(fc.record({ category: word, locator: word, type: word })),
});
const wildDocument = fc
  .record({
    describes: fc.array(id, { maxLength: 3 }),
    packages: fc.array(wildPackage, { maxLength: 5 }),
    relationships: fc.array(fc.record({ from: id, type: word, to: id }), { maxLength: 8 }),
    extractedLicenses: fc.array(fc.record({ id: fc.constant('LicenseRef-a'), text: word })),
  })
  .map((parts) => {
    const ids = new Set(parts.packages.map((one) => one.id));
    return documentOf('wild', {
      ...parts,
      describes: parts.describes.filter((one) => ids.has(one)),
    });
  });

test('whatever packages say, an image of them is JSON with unique identifiers and without dangling relations', () => {
  const packages = fc.uniqueArray(fc.tuple(word, fc.option(wildDocument, { nil: undefined })), {
    maxLength: 6,
    selector: ([name]) => name,
  });
  fc.assert(
    fc.property(packages, (all) => {
      const document = compose(
        all.map(([name, own]) =>
          spdxFragment(facts(name, { license: name, apk: digestOf(name) }), own),
        ),
      );
      const licences = document.hasExtractedLicensingInfos.map((one) => one.licenseId);
      expect(new Set(licences).size).toBe(licences.length);
    }),
  );
});
