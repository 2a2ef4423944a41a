import { readFileSync } from 'node:fs';
import { digestFromHex } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { describe, expect, test } from 'vitest';
import {
  copyPackageSbom,
  fetchSource,
  imageSbom,
  indexSbom,
  packageSbom,
  parseOsRelease,
  parseSpdx,
  printSpdx,
  spdxId,
} from './index.ts';
import type { ImageSbomInput, PackageSbomInput, SpdxDocument } from './index.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../testdata/${name}`, import.meta.url), 'utf8');
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const hex = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const commit = '0123456789abcdef0123456789abcdef01234567';
const tool = { name: 'kiln', version: '1.0.0' };

const input: PackageSbomInput = {
  namespace: 'example',
  name: 'sbom-sources-sub',
  version: '5.1-r0',
  arch: 'x86_64',
  created: '2023-11-14T22:13:20Z',
  tool,
  licenseDeclared: 'MIT',
  copyrightText: '',
  cpe: '',
  recipe: {
    file: 'recipe.yaml',
    commit,
    purl: `pkg:github/https:/%2Fgit.example.org%2Fteam%2Frecipes@${commit}#recipe.yaml`,
    licenseDeclared: 'Apache-2.0',
  },
  ownSources: [
    fetchSource({
      name: 'sbom-sources',
      version: '5.1',
      index: 0,
      uri: 'https://downloads.example.org/sub.tar',
      checksums: [],
    }),
  ],
  sources: [
    fetchSource({
      name: 'sbom-sources',
      version: '5.1',
      index: 0,
      uri: 'https://downloads.example.org/sbom-sources-5.1.tar.gz',
      checksums: [{ algorithm: 'sha256', hex }],
    }),
    fetchSource({
      name: 'extra-data',
      version: '7',
      index: 1,
      uri: 'https://downloads.example.org/extra.zip',
      checksums: [{ algorithm: 'sha512', hex: hex + hex }],
    }),
  ],
  extractedLicenses: [],
};

/** The recorded document without what belongs to the tool and without the git sources. */
function comparable(text: string): unknown {
  const document = JSON.parse(text) as { [member: string]: unknown };
  const isGit = (id: unknown): boolean => String(id).includes('Source-github');
  return {
    ...document,
    creationInfo: undefined,
    documentNamespace: String(document['documentNamespace']).split('/').at(-1),
    packages: (document['packages'] as { SPDXID: string }[]).filter((p) => !isGit(p.SPDXID)),
    relationships: (document['relationships'] as { relatedSpdxElement: string }[]).filter(
      (r) => !isGit(r.relatedSpdxElement),
    ),
  };
}

/** A recorded document as a tool without an organization makes it. */
const byOneTool = (text: string): string =>
  text.replace(/,\n *"Organization: Chainguard, Inc"(?=\n)/, '');

describe('package documents', () => {
  test('a document equals the recorded one but for tool and namespace prefix', () => {
    const recorded = fixture('package.spdx.json');
    expect(comparable(decode(printSpdx(packageSbom(input))))).toEqual(comparable(recorded));
  });

  test('the namespace differs by name, architecture, version and distribution', () => {
    const variants: Partial<PackageSbomInput>[] = [
      {},
      { name: 'b' },
      { arch: 'aarch64' },
      { version: '6' },
      { namespace: 'x' },
    ];
    const namespaces = variants.map((change) => packageSbom({ ...input, ...change }).namespace);
    expect(new Set(namespaces).size).toBe(variants.length);
  });

  test('suppliers are written in title case', () => {
    const supplierOf = (namespace: string): string | undefined =>
      packageSbom({ ...input, namespace }).packages[0]?.supplier;
    expect(supplierOf("UPPER x-y_z o'neil 3a ßx")).toBe("Organization: Upper X-Y_z O'neil 3A Ssx");
  });

  test('identifiers keep to the alphabet of SPDX', () => {
    expect(spdxId(['Package', 'so:a/b', 'c+ü'])).toBe('SPDXRef-Package-so-a-b-cC43C252');
    expect(spdxId(['Package', 'a/b'], 'code')).toBe('SPDXRef-Package-aC47b');
  });
});

describe('reading and printing', () => {
  test.each(['package.spdx.json', 'image.spdx.json', 'index.spdx.json'])(
    '%s is printed again byte for byte',
    (name) => {
      // Placeholders of digests are outside the identifiers' alphabet.
      const plain = fixture(name).replaceAll(/\{([a-z0-9:]+)\}/g, (_all, name_: string) =>
        name_.replaceAll(':', '.'),
      );
      expect(decode(printSpdx(parseSpdx(encode(plain))))).toBe(plain);
    },
  );

  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['SPDX 3', '{"spdxVersion":"SPDX-3.0"}'],
    ['packages that are no list', '{"spdxVersion":"SPDX-2.3","packages":{}}'],
    [
      'an identifier with a space',
      '{"spdxVersion":"SPDX-2.3","packages":[{"SPDXID":"SPDXRef-a b"}]}',
    ],
  ])('%s is refused', (_name, text) => {
    expect(() => parseSpdx(encode(text))).toThrow(
      expect.objectContaining({ code: 'SPDX_INVALID' }),
    );
  });

  test('a relation to a package that is not there names it', () => {
    const document: SpdxDocument = {
      ...packageSbom(input),
      relationships: [
        {
          from: 'SPDXRef-Package-apk-sbom-sources-sub-5.1-r0',
          type: 'CONTAINS',
          to: 'SPDXRef-gone',
        },
      ],
    };
    expect(() => copyPackageSbom(document, { owner: 'o', supplier: 's', package: 'p' })).toThrow(
      /1 elements .* of p/,
    );
  });

  test('blanks around a line of os-release belong to it for apko', () => {
    const text = ' ID=a\nNAME="b" \r\nVERSION_ID=1\r\n\r\n';
    expect(parseOsRelease(text, 'apko')).toEqual({ id: '', name: 'b" ', versionId: '1' });
    expect(parseOsRelease(text)).toEqual({ id: 'a', name: 'b', versionId: '1' });
    expect(() => parseOsRelease('ID=a\n \n', 'apko')).toThrow('a line without "="');
  });

  test('os-release is read with and without quotes', () => {
    expect(parseOsRelease('# c\nID=kiln\nNAME="Kiln OS"\n\nVERSION_ID="1"\n')).toEqual({
      id: 'kiln',
      name: 'Kiln OS',
      versionId: '1',
    });
    expect(() => parseOsRelease('nothing')).toThrow(
      expect.objectContaining({ code: 'OS_RELEASE_INVALID' }),
    );
  });
});

describe('image documents', () => {
  const digest = (letter: string): Digest => digestFromHex(letter.repeat(64));
  const image: ImageSbomInput = {
    manifest: digest('a'),
    manifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
    repositoryName: 'sbom-packages',
    arch: 'amd64',
    created: '2023-11-14T22:13:20Z',
    tool,
    layers: [{ digest: digest('b'), mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' }],
    osRelease: { id: 'parity', name: 'Parity Linux', versionId: '1.0' },
    vcsUrl: '',
    packages: [],
  };

  test('the head of the document equals the recorded one', () => {
    const recorded = byOneTool(fixture('image.spdx.json'))
      .replaceAll('{manifest}', 'a'.repeat(64))
      .replaceAll('{layer0}', 'b'.repeat(64));
    const got = decode(
      printSpdx(imageSbom({ ...image, tool: { name: 'apko', version: 'devel' } })),
    );
    const head = recorded.slice(
      0,
      recorded.indexOf('    {\n      "SPDXID": "SPDXRef-Package-apk-'),
    );
    expect(got.slice(0, head.length - 2)).toBe(head.slice(0, -2));
  });

  test('packages come with their sources and without repetition, one without a document not at all', () => {
    const own = packageSbom(input);
    const packages = [
      { name: input.name, sbom: own },
      { name: 'again', sbom: own },
      { name: 'bare', sbom: undefined },
    ];
    const document = imageSbom({ ...image, packages });
    const ids = document.packages.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(document.packages.map(({ name }) => name)).toContain('extra-data');
    expect(document.packages.map(({ name }) => name)).not.toContain('bare');
  });

  test('an index document equals the recorded one in dialect apko', () => {
    const recorded = byOneTool(fixture('index.spdx.json'))
      .replaceAll('{index}', 'c'.repeat(64))
      .replaceAll('{manifest:amd64}', 'd'.repeat(64))
      .replaceAll('{manifest:arm64}', 'e'.repeat(64));
    const mediaType = image.manifestMediaType;
    const got = indexSbom({
      dialect: 'apko',
      index: digest('c'),
      indexMediaType: 'application/vnd.oci.image.index.v1+json',
      repositoryName: 'vcs',
      created: image.created,
      tool: { name: 'apko', version: 'devel' },
      supplier: '',
      vcsUrl: 'https://github.com/example/image@aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd',
      images: [
        { digest: digest('d'), mediaType, arch: 'amd64' },
        { digest: digest('e'), mediaType, arch: 'arm64' },
      ],
    });
    expect(decode(printSpdx(got))).toBe(recorded);
  });
});

describe("apko's leniency", () => {
  test('identifiers and versions of documents are not judged', () => {
    const text = JSON.stringify({ packages: [{ SPDXID: 'SPDXRef-a_1', name: 'a' }] });
    const bytes = new TextEncoder().encode(text);
    expect(() => parseSpdx(bytes)).toThrow('not an SPDX 2 document');
    expect(parseSpdx(bytes, 'apko').packages.map(({ id }) => id)).toEqual(['SPDXRef-a_1']);
  });

  test('a member of another type makes the document unreadable, whether it is used or not', () => {
    const encoded = (document: unknown): Uint8Array =>
      new TextEncoder().encode(JSON.stringify(document));
    const packages = [{ SPDXID: 'SPDXRef-a', name: 'a' }];
    const codes = [{ SPDXID: 'SPDXRef-a', packageVerificationCode: 'x' }];
    for (const bad of [
      { packages, name: 5 },
      { packages, externalDocumentRefs: [{ checksum: [] }] },
      { packages: codes },
      { packages, documentDescribes: 'SPDXRef-a' },
    ])
      expect(() => parseSpdx(encoded(bad), 'apko')).toThrow('is of another type');
    const lenient = { PACKAGES: [...packages, null], name: null, unknown: 5, relationships: null };
    expect(parseSpdx(encoded(lenient), 'apko').packages.map(({ id }) => id)).toEqual([
      'SPDXRef-a',
      '',
    ]);
  });

  test('a byte order mark makes the document unreadable', () => {
    const bytes = new TextEncoder().encode('\ufeff{"packages": []}');
    expect(() => parseSpdx(bytes, 'apko')).toThrow('not JSON');
  });

  test('an identifier of code has the bytes of what it cannot have', () => {
    expect(spdxId(['é w'], 'code')).toBe('SPDXRef-C195C169C32w');
    expect(spdxId(['é w'])).toBe('SPDXRef-C233C32w');
  });
});
