import fs from 'node:fs';
import path from 'node:path';
import { assert } from '@kiln/base';
import type { ImageDetail, ImageSummary, PackageDetail } from '@kiln/server/schemas';
import { installClients, run } from '@kiln/test-clients';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Factory } from './factory.ts';
import { warmHome } from './warm-home.ts';

let factory: Factory;
let images: readonly ImageSummary[];
let registry: string;
let key: string;
let clients: Readonly<Record<(typeof wanted)[number], string>>;
const wanted = [
  'cosign',
  'crane',
  'cyclonedx-validate',
  'runc',
  'skopeo',
  'spdx-validate',
  'umoci',
] as const;

beforeAll(async () => {
  clients = await installClients(wanted);
  factory = new Factory({ homeFrom: await warmHome('catalog') });
  await factory.up();
  images = await factory.images();
  ({ registry, key } = await factory.status());
}, 1_200_000);

afterAll(async () => factory[Symbol.asyncDispose](), 120_000);

const within = (name: string): string => path.join(factory.directory, name);
const alone = (): { readonly env: Record<string, string> } => ({ env: { HOME: within('client') } });
const names = (): readonly string[] => images.map((image) => image.name);

function cosign(verb: string, reference: string, ...flags: readonly string[]): Promise<string> {
  const trust = ['--key', key, '--insecure-ignore-tlog', '--allow-http-registry'];
  return run(clients.cosign, [verb, ...flags, ...trust, reference], alone());
}

/** The index and the manifest for this machine, by digest. */
async function subjects(name: string): Promise<readonly string[]> {
  const detail = await factory.image(name);
  return [detail.digest, detail.manifest].map((digest) => `${registry}/${name}@${digest}`);
}

test('crane finds every image valid', async () => {
  for (const name of names()) {
    for (const reference of [`${registry}/${name}:latest`, ...(await subjects(name))]) {
      const said = await run(
        clients.crane,
        ['validate', '--insecure', '--remote', reference],
        alone(),
      );
      expect(said).toContain('PASS');
    }
  }
});

interface RuntimeSpec {
  process: { terminal: boolean; user: { uid: number; gid: number }; args: string[] };
  linux: { cgroupsPath?: string; namespaces: { type: string }[]; resources?: unknown };
}

/** Unpacks an image by strangers' tools into a bundle whose process has no terminal and no control groups of its own. */
async function bundleOf(name: string): Promise<string> {
  const layout = within('layout');
  const from = `docker://${registry}/${name}:latest`;
  await run(
    clients.skopeo,
    ['copy', '--src-tls-verify=false', from, `oci:${layout}:${name}`],
    alone(),
  );
  const bundle = within(`bundle-${name}`);
  await run(clients.umoci, ['unpack', '--image', `${layout}:${name}`, bundle], alone());
  const file = path.join(bundle, 'config.json');
  const spec = JSON.parse(fs.readFileSync(file, 'utf8')) as RuntimeSpec;
  spec.process.terminal = false;
  fs.writeFileSync(file, JSON.stringify(spec));
  return bundle;
}

// Only root may give a container users other than the one that starts it.
test.skipIf(process.getuid?.() !== 0).each([
  ['static', 'probe: it runs\n'],
  ['greeter', 'hello, world\n'],
  ['shell', '65532 42 28\n'],
])('skopeo copies, umoci unpacks and runc runs %s, as nobody special', async (name, said) => {
  const bundle = await bundleOf(name);
  const file = path.join(bundle, 'config.json');
  const spec = JSON.parse(fs.readFileSync(file, 'utf8')) as RuntimeSpec;
  if (name === 'shell') {
    spec.process.args = ['sh', '-c', 'echo $(id -u) $(answer) $(sed -n 4p /usr/share/tables/7)'];
    fs.writeFileSync(file, JSON.stringify(spec));
  }
  const container = `${path.basename(factory.directory)}-${name}`;
  const root = within('runc');
  expect(
    await run(clients.runc, ['--root', root, 'run', '--bundle', bundle, container], alone()),
  ).toBe(said);
});

describe('cosign', () => {
  test('verifies the signature of index and manifest', async () => {
    for (const name of names()) {
      for (const reference of await subjects(name)) {
        expect(await cosign('verify', reference)).toContain(reference.split('@')[1]);
      }
    }
  });

  test.each(['spdxjson', 'slsaprovenance1'])(
    'verifies the attestation %s of both',
    async (type) => {
      for (const name of names()) {
        for (const reference of await subjects(name)) {
          const said = await cosign('verify-attestation', reference, '--type', type);
          expect(said).toContain('payload');
        }
      }
    },
  );

  test('verifies the bill of materials in the form of CycloneDX, which the manifest alone has', async () => {
    for (const name of names()) {
      const [index = '', manifest = ''] = await subjects(name);
      await cosign('verify-attestation', manifest, '--type', 'cyclonedx');
      const none = cosign('verify-attestation', index, '--type', 'cyclonedx');
      await expect(none).rejects.toThrow('exited with');
    }
  });

  test.each(['greeter', 'make'])(
    'verifies how %s was made, from the two files that its repository serves',
    async (name) => {
      const { key: own } = await factory.status();
      const { repository, arch, version, provenance } = await factory.json<PackageDetail>(
        'package',
        'show',
        name,
      );
      const file = `${name}-${version}.apk`;
      const bundle = `${file}.provenance.sigstore.json`;
      const folder = `http://${registry}/apk/${repository}/${arch}`;
      expect(provenance?.address).toBe(`${folder}/${bundle}`);
      for (const one of [file, bundle]) {
        const answer = await fetch(`${folder}/${one}`);
        expect([one, answer.status]).toEqual([one, 200]);
        fs.writeFileSync(within(one), await answer.bytes());
      }
      const check = (trusted: string, subject: string): Promise<string> => {
        const type = ['--type', 'slsaprovenance1', '--insecure-ignore-tlog'];
        const flags = ['--key', trusted, ...type, '--bundle', within(bundle)];
        return run(clients.cosign, ['verify-blob-attestation', ...flags, subject], alone());
      };
      await check(own, within(file));
      const changed = within('changed.apk');
      fs.writeFileSync(changed, Buffer.concat([fs.readFileSync(within(file)), Buffer.from('x')]));
      await expect(check(own, changed)).rejects.toThrow('exited with');
    },
  );

  test('does not verify with another key', async () => {
    const other = within('other');
    await run(clients.cosign, ['generate-key-pair', '--output-key-prefix', other], {
      env: { ...alone().env, COSIGN_PASSWORD: '' },
    });
    const [index = ''] = await subjects('static');
    const flags = ['--key', `${other}.pub`, '--insecure-ignore-tlog', '--allow-http-registry'];
    await expect(run(clients.cosign, ['verify', ...flags, index], alone())).rejects.toThrow(
      'accepted signatures do not match',
    );
  });
});

describe('the bill of materials', () => {
  test.each([
    ['spdx', (file: string) => run(clients['spdx-validate'], ['-i', file])],
    ['cyclonedx', (file: string) => run(clients['cyclonedx-validate'], [file])],
  ] as const)('of each image is valid %s and has its packages', async (format, validate) => {
    for (const name of names()) {
      const file = within(`${name}.${format}.json`);
      const printed = await factory.succeed(['image', 'sbom', name, '--format', format]);
      fs.writeFileSync(file, printed);
      await validate(file);
      for (const one of (await factory.image(name)).packages)
        expect(printed).toContain(`@${one.version}?arch=x86_64`);
    }
  });

  test('is not printed when another key signed it, and when there is none', async () => {
    const other = within('elsewhere');
    await run(clients.cosign, ['generate-key-pair', '--output-key-prefix', other], {
      env: { ...alone().env, COSIGN_PASSWORD: '' },
    });
    const refused = await factory.kiln(['image', 'sbom', 'static', '--key', `${other}.pub`]);
    expect([refused.exitCode, refused.stdout]).toEqual([3, '']);
    const { manifest } = await factory.image('static');
    const copy = `${registry}/copies/static:latest`;
    const from = `${registry}/static@${manifest}`;
    await run(clients.crane, ['copy', '--insecure', from, copy], alone());
    const absent = await factory.kiln(['image', 'sbom', copy]);
    expect([absent.exitCode, absent.stdout]).toEqual([4, '']);
  });
});

interface SyftReport {
  readonly artifacts: readonly {
    readonly type: string;
    readonly name: string;
    readonly version: string;
    readonly licenses: readonly { readonly value: string }[];
    readonly metadata: { readonly originPackage?: string };
  }[];
}

// Compiling it takes many minutes of a core.
test.runIf(process.env['KILN_TEST_FULL'] === '1')(
  'syft lists every apk of every image with version, licence and origin',
  async () => {
    const { syft } = await installClients(['syft']);
    const env = {
      HOME: within('client'),
      SYFT_REGISTRY_INSECURE_USE_HTTP: 'true',
      SYFT_CHECK_FOR_APP_UPDATE: 'false',
    };
    for (const name of names()) {
      const { packages } = await factory.image(name);
      const said = await run(syft, [`registry:${registry}/${name}:latest`, '-o', 'json'], { env });
      const found = (JSON.parse(said) as SyftReport).artifacts.filter(({ type }) => type === 'apk');
      expect(packages.length).toBeGreaterThan(0);
      expect(
        found.map((one) => [
          one.name,
          one.version,
          one.licenses.map(({ value }) => value).join(' AND '),
          one.metadata.originPackage,
        ]),
      ).toEqual(packages.map((one) => [one.name, one.version, one.license, one.origin]));
    }
  },
  3_600_000,
);

/** The blobs of the signed bundles that are attached to a digest. */
async function bundlesOf(detail: ImageDetail, subject: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { manifest } of detail.attachments.filter((one) => one.subject === subject)) {
    const url = `http://${registry}/v2/${detail.name}/manifests/${manifest}`;
    const document = (await (await fetch(url)).json()) as { layers: { digest: string }[] };
    const digest = document.layers[0]?.digest;
    assert(digest !== undefined, `${manifest} has no layer`);
    found.push(digest);
  }
  return found;
}

function flipByte(file: string): void {
  const bytes = fs.readFileSync(file);
  const at = bytes.indexOf('"payload":"') + 40;
  bytes[at] = (bytes[at] ?? 0) === 0x41 ? 0x42 : 0x41;
  fs.chmodSync(file, 0o644);
  fs.writeFileSync(file, bytes);
}

test('after a byte of its bundles is flipped in the store, nobody verifies an image', async () => {
  const detail = await factory.image('static');
  const bundles = await bundlesOf(detail, detail.digest);
  expect(bundles.length).toBeGreaterThanOrEqual(3);
  for (const digest of bundles) flipByte(factory.blobFile(digest));
  const [index = ''] = await subjects('static');
  await expect(cosign('verify', index)).rejects.toThrow('exited with');
  for (const type of ['spdxjson', 'slsaprovenance1']) {
    const attestation = cosign('verify-attestation', index, '--type', type);
    await expect(attestation).rejects.toThrow('exited with');
  }
  const own = await factory.kiln(['verify', 'static']);
  expect([own.exitCode, own.stdout]).toEqual([3, expect.stringMatching(/fail|FAIL|not verified/)]);
});
