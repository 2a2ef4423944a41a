import type { Digest } from '@kiln/base';
import { digestOf } from '@kiln/base';
import type { BuiltPackage, ImagePackage, ImageResult, RegistryManifest } from '@kiln/factory';
import type { Key, OwnedKey } from '@kiln/queue';
import type { InventedFactory } from './invented-factory.ts';
import { desiredKey } from './invented-factory.ts';

const arch = 'x86_64';
const recipe = (name: string): Key => `package:${name}@${arch}`;
const tested: Key = `test:zlib@${arch}`;
const index: Key = `index:kiln-os@${arch}`;
const seed: Key = `seed:${arch}`;

/** Name, version, licence, description, size of the apk in bytes, seconds its build took; 0: it is not built yet. */
const recipes = [
  [
    'baselayout',
    '1.0.0-r0',
    'Apache-2.0',
    'Directories, accounts and os-release of Kiln OS',
    3_214,
    2,
  ],
  ['busybox', '1.37.0-r1', 'GPL-2.0-only', 'Many small Unix tools in one program', 512_204, 41],
  ['ca-certificates-bundle', '20250419-r0', 'MPL-2.0', 'Root certificates as one file', 128_911, 4],
  ['glibc', '2.42-r2', 'LGPL-2.1-or-later', 'The C library', 5_204_118, 611],
  ['nginx', '1.28.0-r0', 'BSD-2-Clause', 'Web server and reverse proxy', 1_040_442, 0],
  ['openssl', '3.5.4-r0', 'Apache-2.0', 'Cryptography and TLS', 4_811_002, 0],
  ['pcre2', '10.46-r0', 'BSD-3-Clause', 'Regular expressions', 402_800, 33],
  ['static-probe', '1.0.0-r0', 'Apache-2.0', 'The program that tests the static image', 9_120, 1],
  ['tzdata', '2025b-r0', 'CC-PDDC', 'Time zones', 412_877, 5],
  ['valkey', '8.1.4-r0', 'BSD-3-Clause', 'In-memory data store', 1_920_114, 0],
  ['zlib', '1.3.1-r0', 'Zlib', 'Compression', 61_303, 14],
] as const;

const needs: Readonly<Record<string, readonly string[]>> = {
  openssl: ['zlib'],
  nginx: ['openssl', 'pcre2', 'zlib'],
  valkey: ['openssl'],
};

function built(name: string): BuiltPackage {
  const [, version = '', license = '', description = '', sizeBytes = 0, seconds = 0] =
    recipes.find(([one]) => one === name) ?? [];
  return {
    file: `${name}-${version}.apk`,
    apk: digestOf(`apk of ${name}`),
    record: {
      checksum: `Q1${Buffer.from(digestOf(name)).toString('base64').slice(0, 27)}=`,
      name,
      version,
      arch,
      sizeBytes,
      installedSizeBytes: sizeBytes * 3,
      description,
      url: `https://example.org/${name}`,
      license,
      origin: name,
      maintainer: '',
      buildTimeSeconds: 1_760_000_000 + seconds,
      commit: '',
      depends: name === 'zlib' ? ['so:libc.so.6'] : [],
      provides: name === 'zlib' ? ['so:libz.so.1=1.3.1'] : [],
      installIf: [],
      providerPriority: undefined,
    },
  };
}

function imageResult(name: string, names: readonly string[]): ImageResult {
  const packages: ImagePackage[] = names.map(built).map(({ record }) => ({
    name: record.name,
    version: record.version,
    checksum: record.checksum,
    license: record.license,
    origin: record.origin,
    installedSizeBytes: record.installedSizeBytes,
  }));
  const digest = (what: string): Digest => digestOf(`${what} of ${name}`);
  const sizeBytes = names.map(built).reduce((sum, { record }) => sum + record.sizeBytes, 0);
  const types = [
    'https://spdx.dev/Document',
    'https://slsa.dev/provenance/v1',
    'https://in-toto.io/attestation/test-result/v0.1',
    'https://sigstore.dev/cosign/sign/v1',
  ];
  return {
    kind: 'image',
    repository: name,
    tags: ['latest', '2026-11-21'],
    index: digest('index'),
    manifest: digest('manifest'),
    config: digest('config'),
    layers: [{ digest: digest('layer'), diffId: digest('diff'), sizeBytes }],
    sizeBytes: sizeBytes + 1_912,
    packages,
    test: {
      passed: true,
      steps: [
        { name: 'the program starts', passed: true, durationMs: 212 },
        { name: 'no shell is inside', passed: true, durationMs: 31 },
      ],
    },
    attachments: ['index', 'manifest'].flatMap((subject) =>
      [...types, ...(subject === 'manifest' ? ['https://cyclonedx.org/bom'] : [])].map(
        (predicateType) => ({
          subject: digest(subject),
          predicateType,
          manifest: digestOf(`${subject} ${predicateType} ${name}`),
        }),
      ),
    ),
    publication: { blobs: [], manifests: [] },
  };
}

/** What the registry lists of an image; nothing is stored of it. */
function indexOf({ index }: ImageResult): Omit<RegistryManifest, 'repository'> {
  return {
    digest: index,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    sizeBytes: 1,
    subject: undefined,
    artifactType: undefined,
    annotations: {},
  };
}

const minute = 60_000;

function buildLog(name: string, lines: number): string {
  const made = Array.from(
    { length: lines },
    (_, line) => `  CC      src/${name}/part-${String(line + 1).padStart(3, '0')}.o`,
  );
  return [
    '\u001b[1mfetch\u001b[0m by digest',
    '\u001b[1mconfigure\u001b[0m --prefix=/usr',
    ...made,
    '',
  ].join('\n');
}

/** What tests go on with. */
export interface FilledLine {
  /** The attempt at openssl, which goes on. */
  readonly openssl: OwnedKey;
}

/** A factory in the middle of its first run: most is built, one package builds, one failed, images wait. */
export async function fillLine(factory: InventedFactory): Promise<FilledLine> {
  const images: Readonly<Record<string, readonly string[]>> = {
    static: ['baselayout', 'ca-certificates-bundle', 'tzdata'],
    busybox: ['baselayout', 'busybox', 'glibc'],
    nginx: ['baselayout', 'ca-certificates-bundle', 'glibc', 'nginx', 'openssl', 'pcre2', 'zlib'],
    valkey: ['baselayout', 'glibc', 'openssl', 'valkey'],
  };
  await factory.ago(20 * minute, () =>
    factory.records.applyCatalog(
      'catalog',
      [
        desiredKey(seed),
        ...recipes.map(([name]) =>
          desiredKey(recipe(name), [seed, ...(needs[name] ?? []).map(recipe)]),
        ),
        desiredKey(tested, [recipe('zlib')]),
        desiredKey(
          index,
          recipes.map(([name]) => recipe(name)),
        ),
        ...Object.keys(images).map((name) => desiredKey(`image:${name}`, [index])),
      ],
      [],
    ),
  );
  const first = 'new in the catalog';
  await factory.attempt(seed, {
    reason: first,
    agoMs: 19 * minute,
    tookMs: 26_400,
    log: 'wrapped 175 packages\n',
  });
  await factory.ready(seed);
  let agoMs = 18 * minute;
  for (const [name, , , , , seconds] of recipes) {
    if (seconds === 0) continue;
    await factory.attempt(recipe(name), {
      reason: first,
      agoMs,
      tookMs: seconds * 1000 + 320,
      log: buildLog(name, 40),
    });
    await factory.ready(recipe(name), {
      kind: 'package',
      packages: [built(name)],
      inputs: [
        {
          name: `${name}.tar.xz`,
          uri: `https://example.org/${name}.tar.xz`,
          digest: { sha256: digestOf(name).slice(7) },
        },
      ],
      findings: [
        {
          package: 'zlib',
          linter: 'maninfo',
          message: 'Package contains documentation files but is not a documentation package',
          explain: 'Place documentation files in a separate documentation package',
          items: ['usr/share/man/man3/zlib.3'],
        },
      ],
    });
    await factory.records.recordAttestations(recipe(name), [
      {
        subject: built(name).apk,
        predicateType: 'https://slsa.dev/provenance/v1',
        bundle: digestOf(`provenance of ${name}`),
      },
    ]);
    agoMs -= minute;
  }
  await factory.attempt(tested, {
    reason: `${recipe('zlib')} is ready`,
    agoMs: 7 * minute,
    tookMs: 2_100,
    log: '--- test of zlib: passed\n',
  });
  const apks = [built('zlib').apk];
  await factory.ready(tested, {
    kind: 'test',
    apks,
    tests: [{ package: 'zlib', durationMs: 1_800 }],
  });
  const published = recipes
    .filter(([, , , , , seconds]) => seconds > 0)
    .map(([name]) => built(name));
  await factory.records.publishGeneration(
    {
      repository: 'kiln-os',
      arch,
      indexBlob: digestOf('index blob'),
      unsigned: digestOf('unsigned'),
      packages: published,
    },
    0,
  );
  await factory.attempt(index, {
    reason: `${recipe('glibc')} is ready`,
    agoMs: 5 * minute,
    tookMs: 900,
    log: 'published generation 1\n',
  });
  await factory.state(index, {
    status: 'waiting',
    stage: `waits for ${recipe('openssl')}`,
    waitingFor: [recipe('openssl'), recipe('nginx'), recipe('valkey')],
  });
  for (const name of ['static', 'busybox']) {
    await factory.attempt(`image:${name}`, {
      reason: `${index} is ready`,
      agoMs: 4 * minute,
      tookMs: 6_200,
      log: 'tests passed\n',
    });
    const result = imageResult(name, images[name] ?? []);
    await factory.ready(`image:${name}`, result);
    await factory.registry.publish({
      repository: name,
      blobs: [],
      manifests: [indexOf(result)],
      tags: result.tags.map((tag) => ({ tag, digest: result.index, expected: 'any' })),
    });
  }
  await factory.state('image:nginx', {
    status: 'waiting',
    stage: `waits for ${index}`,
    waitingFor: [index],
  });
  await factory.attempt(recipe('nginx'), {
    reason: first,
    agoMs: 3 * minute,
    tookMs: 400,
    log: 'waits\n',
  });
  await factory.state(recipe('nginx'), {
    status: 'waiting',
    stage: `waits for ${recipe('openssl')}`,
    waitingFor: [recipe('openssl')],
  });
  const hint = 'compare the digest in the recipe with the one that upstream publishes';
  const message = 'valkey-8.1.4.tar.gz has digest sha256:51ab…, the recipe expects sha256:3f77…';
  await factory.attempt(recipe('valkey'), {
    reason: first,
    agoMs: 2 * minute,
    tookMs: 3_100,
    log: 'fetch\nerror[SOURCE_DIGEST_WRONG]\n',
    failure: { class: 'nonRetriable', code: 'SOURCE_DIGEST_WRONG', message, hint },
  });
  await factory.state(recipe('valkey'), {
    status: 'failed',
    stage: 'SOURCE_DIGEST_WRONG',
    errorCode: 'SOURCE_DIGEST_WRONG',
    errorMessage: message,
    errorHint: hint,
  });
  factory.expected.set(recipe('openssl'), 4 * minute);
  const openssl = await factory.attempt(recipe('openssl'), {
    reason: first,
    agoMs: 95_000,
    tookMs: undefined,
    log: buildLog('openssl', 300),
  });
  await factory.state(recipe('openssl'), { status: 'working', stage: 'builds: autoconf/make' });
  return { openssl };
}
