import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@kiln/base';
import { composeCyclonedx, cyclonedxFragment } from '@kiln/cyclonedx';
import {
  barePackage,
  composeSpdx,
  documentPieces,
  fetchSource,
  gitSource,
  indexSbom,
  packageSbom,
  parseSpdx,
  printSpdx,
  spdxFragment,
} from '@kiln/spdx';
import type { ImageFacts, PackageFacts, SpdxDocument } from '@kiln/spdx';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from './command.ts';
import { installClients } from './install.ts';

const root = mkdtempSync(join(tmpdir(), 'kiln-sbom-'));
let clients: Awaited<ReturnType<typeof installClients<'spdx-validate' | 'cyclonedx-validate'>>>;

beforeAll(async () => {
  clients = await installClients(['spdx-validate', 'cyclonedx-validate']);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What the validator says: nothing of a document that is as it should be. */
async function judge(
  name: 'spdx-validate' | 'cyclonedx-validate',
  pieces: readonly (Uint8Array | string)[],
): Promise<string> {
  const file = join(root, 'bill.spdx.json');
  writeFileSync(file, pieces.map((piece) => Buffer.from(piece).toString()).join(''));
  return run(clients[name], name === 'spdx-validate' ? ['-i', file] : [file]);
}

const image: ImageFacts = {
  manifest: digestOf('manifest'),
  manifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
  repositoryName: 'app',
  arch: 'amd64',
  created: '2026-11-28T00:00:00Z',
  tool: { name: 'kiln', version: '1.0.0' },
  layers: ['a', 'b'].map((one) => ({
    digest: digestOf(one),
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  })),
  osRelease: { id: 'kiln', name: 'Kiln OS', versionId: '1' },
  vcsUrl: `https://github.com/o/r@${'ab'.repeat(20)}`,
};

function facts(name: string, license: string): PackageFacts {
  return {
    name,
    version: '1.0-r0',
    arch: 'x86_64',
    license,
    description: `"${name}" \u2028 <a & b>`,
    url: `https://example.org/${name}?a=[b] c#d%`,
    apk: digestOf(name),
    distribution: 'kiln',
  };
}

const git = gitSource({
  repository: 'https://github.com/example/tool.git',
  branch: '',
  tag: 'v1',
  commit: 'cd'.repeat(20),
  index: 1,
  licenseDeclared: '',
});

const own = packageSbom({
  namespace: 'kiln',
  name: 'tool',
  version: '1.0-r0',
  arch: 'x86_64',
  created: image.created,
  tool: image.tool,
  licenseDeclared: 'MIT AND LicenseRef-own',
  copyrightText: '',
  cpe: 'cpe:2.3:a:example:tool:1.0:*:*:*:*:*:*:*',
  recipe: {
    file: 'tool.yaml',
    commit: 'ab'.repeat(20),
    purl: `pkg:github/o/r@${'ab'.repeat(20)}#tool.yaml`,
    licenseDeclared: 'Apache-2.0',
  },
  ownSources: [],
  sources: [
    fetchSource({
      name: 'tool',
      version: '1.0',
      index: 0,
      uri: 'https://downloads.example.org/tool.tar.gz',
      checksums: [{ algorithm: 'sha512', hex: 'ab'.repeat(64) }],
    }),
    ...(git === undefined ? [] : [git]),
  ],
  extractedLicenses: [{ id: 'LicenseRef-own', text: 'Do as you please.' }],
});

/** What somebody else's package might bring: SPDX by its looks, and against its rules in every member. */
const careless: SpdxDocument = {
  ...own,
  packages: [
    {
      ...barePackage('SPDXRef-a', 'careless'),
      licenseConcluded: 'LicenseRef-nowhere',
      licenseDeclared: 'free, mostly',
      downloadLocation: 'somewhere',
      originator: 'me',
      supplier: 'Organization:',
      purpose: 'OPERATING-SYSTEM',
      attributionText: 'thanks',
      checksums: [{ algorithm: 'SHA256', hex: 'no' }],
      externalRefs: [
        { category: 'SECURITY', locator: 'cpe:2.3:a', type: 'cpe23Type' },
        { category: 'PACKAGE-MANAGER', locator: 'no', type: 'purl' },
        { category: 'NEW', locator: 'x', type: 'y' },
      ],
    },
    { ...barePackage('SPDXRef-a', 'again') },
  ],
  describes: ['SPDXRef-a'],
  relationships: [
    { from: 'SPDXRef-a', type: 'LIKES', to: 'SPDXRef-a' },
    { from: 'SPDXRef-a', type: 'CONTAINS', to: 'SPDXRef-gone' },
  ],
};

const packages: readonly (readonly [PackageFacts, SpdxDocument | undefined])[] = [
  [facts('tool', 'MIT'), own],
  [facts('tool-doc', 'MIT'), { ...own, name: 'apk-tool-doc-1.0-r0' }],
  [facts('careless', 'MIT'), careless],
  [facts('bare', 'GPL 2 or later'), undefined],
  [facts('c++_x', 'GPL-2.0-or-later WITH Classpath-exception-2.0'), undefined],
  [facts('none', ''), undefined],
  [facts('plus', 'ISC AND (MIT+ OR Zlib+ WITH GCC-exception-2.0)'), undefined],
  [facts('both', 'GPL-2.0-with-classpath-exception and eCos-2.0'), undefined],
];

describe('strangers accept', () => {
  test('the SPDX document of an image', async () => {
    const parts = packages.map(([known, document]) => spdxFragment(known, document));
    expect(await judge('spdx-validate', composeSpdx(image, parts))).toBe('');
  });

  test('the SPDX document of an image of nothing', async () => {
    expect(
      await judge('spdx-validate', composeSpdx({ ...image, osRelease: undefined, vcsUrl: '' }, [])),
    ).toBe('');
  });

  test('the SPDX document of an index', async () => {
    const index = indexSbom({
      index: digestOf('index'),
      indexMediaType: 'application/vnd.oci.image.index.v1+json',
      repositoryName: 'app',
      created: image.created,
      tool: image.tool,
      supplier: 'Organization: Kiln',
      vcsUrl: '',
      images: [{ digest: image.manifest, mediaType: image.manifestMediaType, arch: 'amd64' }],
    });
    expect(await judge('spdx-validate', documentPieces(index))).toBe('');
  });

  test('the CycloneDX document of an image', async () => {
    const parts = packages.map(([known, document]) => cyclonedxFragment(known, document));
    expect(await judge('cyclonedx-validate', composeCyclonedx(image, parts))).toBe('');
    expect(
      await judge('cyclonedx-validate', composeCyclonedx({ ...image, osRelease: undefined }, [])),
    ).toBe('');
  });
});

describe('strangers refuse', () => {
  test('an SPDX document that a package has twice', async () => {
    const part = spdxFragment(facts('twice', 'MIT'), undefined);
    await expect(judge('spdx-validate', composeSpdx(image, [part, part]))).rejects.toThrow(
      /unique/,
    );
  });

  test('what a careless package says of itself', async () => {
    const document = parseSpdx(printSpdx(careless));
    await expect(judge('spdx-validate', documentPieces(document))).rejects.toThrow('exited with');
  });

  test('a CycloneDX document with a member that there is not', async () => {
    const bill = '{"bomFormat":"CycloneDX","specVersion":"1.6","toys":[]}';
    await expect(judge('cyclonedx-validate', [bill])).rejects.toThrow(/toys/);
  });
});
