// Composes the SBOMs of images of 30 and 170 packages from parts, with the digest, and prints the milliseconds of processor time
// of each, beside reading, copying and printing the packages' own documents as apko's form is made.
import { createHash } from 'node:crypto';
import { digestOf } from '@kiln/base';
import { composeCyclonedx, cyclonedxFragment } from '@kiln/cyclonedx';
import type { ImageFacts, PackageFacts, SpdxDocument } from '@kiln/spdx';
import {
  composeSpdx,
  fetchSource,
  imageSbom,
  packageSbom,
  parseSpdx,
  printSpdx,
  spdxFragment,
} from '@kiln/spdx';

const image: ImageFacts = {
  manifest: digestOf('manifest'),
  manifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
  repositoryName: 'app',
  arch: 'amd64',
  created: '2026-11-28T00:00:00Z',
  tool: { name: 'kiln', version: '1' },
  layers: Array.from({ length: 10 }, (_, index) => ({
    digest: digestOf(`layer ${index}`),
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  })),
  osRelease: { id: 'kiln', name: 'Kiln OS', versionId: '1' },
  vcsUrl: '',
};

function factsOf(name: string): PackageFacts {
  return {
    name,
    version: '1.2.3-r4',
    arch: 'x86_64',
    license: 'MIT',
    description: `what ${name} is for, in a few words`,
    url: `https://example.org/${name}`,
    apk: digestOf(name),
    distribution: 'kiln',
  };
}

function ownOf(name: string): SpdxDocument {
  const commit = 'ab'.repeat(20);
  const source = fetchSource({
    name,
    version: '1.2.3',
    index: 0,
    uri: `https://downloads.example.org/${name}.tar.gz`,
    checksums: [{ algorithm: 'sha256', hex: 'ab'.repeat(32) }],
  });
  return packageSbom({
    namespace: 'kiln',
    name,
    version: '1.2.3-r4',
    arch: 'x86_64',
    created: image.created,
    tool: image.tool,
    licenseDeclared: 'MIT',
    copyrightText: '',
    cpe: '',
    recipe: { file: `${name}.yaml`, commit, purl: '', licenseDeclared: 'Apache-2.0' },
    ownSources: [],
    sources: [source],
    extractedLicenses: [],
  });
}

function hashOf(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** Milliseconds of processor time of one of `times`, after as many to warm up. */
function measure(label: string, times: number, work: () => unknown): void {
  for (let time = 0; time < times; time++) work();
  const before = process.cpuUsage();
  for (let time = 0; time < times; time++) work();
  const { user, system } = process.cpuUsage(before);
  console.log(`  ${label.padEnd(40)} ${((user + system) / 1000 / times).toFixed(2)} ms`);
}

for (const count of [30, 170]) {
  const names = Array.from({ length: count }, (_, index) => `package-${index}`);
  const own = names.map(ownOf);
  const printed = own.map(printSpdx);
  const spdx = names.map((name, index) => spdxFragment(factsOf(name), own[index]));
  const cyclonedx = names.map((name, index) => cyclonedxFragment(factsOf(name), own[index]));
  const sizeBytes = composeSpdx(image, spdx).reduce((sum, chunk) => sum + chunk.length, 0);
  console.log(`${count} packages, ${sizeBytes} bytes of SPDX`);
  measure('SPDX composed, with its digest', 300, () => hashOf(composeSpdx(image, spdx)));
  measure('CycloneDX composed, with its digest', 300, () =>
    hashOf(composeCyclonedx(image, cyclonedx)),
  );
  measure('read, copied and printed', 10, () => {
    const packages = names.map((name, index) => ({
      name,
      sbom: parseSpdx(printed[index] ?? new Uint8Array()),
    }));
    return hashOf([printSpdx(imageSbom({ ...image, packages }))]);
  });
  measure('the parts made, SPDX and CycloneDX', 10, () =>
    names.map((name, index) => [
      spdxFragment(factsOf(name), own[index]),
      cyclonedxFragment(factsOf(name), own[index]),
    ]),
  );
}
