import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect, digestOf, silentLogger } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { SignerClient, runSigner } from '@kiln/keys-file';
import type { RunningSigner } from '@kiln/keys-file';
import { MemoryLedger, printVerification, verifyImage } from '@kiln/trust';
import { bareImage, goodStatements, imageKeyPair } from '@kiln/trust/testing';
import type { FixtureImage } from '@kiln/trust/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { installClients } from './install.ts';

let cosign: string;
const root = mkdtempSync(join(tmpdir(), 'kiln-cosign-'));
const publicKey = join(root, 'public', 'image.pub');
const ledger = new MemoryLedger();
let signer: RunningSigner;
let server: Server;
let image: FixtureImage;

beforeAll(async () => {
  ({ cosign } = await installClients(['cosign']));
  signer = await runSigner({
    keysDirectory: join(root, 'keys'),
    publicDirectory: join(root, 'public'),
    socketPath: join(root, 'run', 'signer.sock'),
    ledger,
    log: silentLogger,
  });
  server = createServer((request, response) => void serve(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterAll(async () => {
  await signer.close();
  server.close();
  rmSync(root, { recursive: true, force: true });
});

/** The reading half of the distribution API over the image of the test. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, kind, digest] =
    /^\/v2\/app\/(manifests|blobs|referrers)\/(sha256:[0-9a-f]{64})$/.exec(request.url ?? '') ?? [];
  if (request.url === '/v2/') response.end('{}');
  else if (kind === 'referrers') {
    const found = await image.registry.listReferrers(digest as Digest);
    const manifests = found.map(({ sizeBytes, ...descriptor }) => ({
      ...descriptor,
      size: sizeBytes,
    }));
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    response.setHeader('content-type', mediaType);
    response.end(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  } else {
    const { manifests, blobs } = image.registry;
    const bytes = (kind === 'manifests' ? manifests : blobs).get(digest as Digest);
    if (bytes === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}');
      return;
    }
    const mediaType =
      kind === 'manifests'
        ? (JSON.parse(Buffer.from(bytes).toString()) as { mediaType: string }).mediaType
        : 'application/octet-stream';
    response.writeHead(200, {
      'content-type': mediaType,
      'content-length': bytes.length,
      'docker-content-digest': digest ?? '',
    });
    response.end(bytes);
  }
}

beforeEach(async () => {
  image = bareImage();
  const client = new SignerClient({ socketPath: join(root, 'run', 'signer.sock') });
  for (const digest of [image.index, image.manifest]) {
    for (const statement of goodStatements(digest)) {
      const recorded = ledger.recordStatement(Buffer.from(JSON.stringify(statement)));
      image.registry.attach(digest, await client.signStatement(recorded), statement.predicateType);
    }
  }
});

/** The JSON of the index's bundle that claims this predicate type. */
function bundleOf(predicateType: string): string {
  const referrers = image.registry.referrers.get(image.index) ?? [];
  const claims = 'dev.sigstore.bundle.predicateType';
  const referrer = referrers.find(({ annotations }) => annotations?.[claims] === predicateType);
  const manifest = Buffer.from(image.registry.manifests.get(referrer?.digest as Digest) ?? []);
  const [layer] = (JSON.parse(manifest.toString()) as { layers: [{ digest: Digest }] }).layers;
  return Buffer.from(image.registry.blobs.get(layer.digest) ?? []).toString();
}

async function runCosign(
  digest: Digest,
  ...args: readonly string[]
): Promise<{ exitCode: number; output: string }> {
  const reference = `127.0.0.1:${(server.address() as AddressInfo).port}/app@${digest}`;
  const key = args.includes('--key') ? [] : ['--key', publicKey];
  const flags = [...key, '--insecure-ignore-tlog', '--allow-http-registry', reference];
  const child = spawn(cosign, [...args, ...flags], {
    env: { PATH: process.env['PATH'] ?? '', HOME: root, TUF_ROOT: join(root, 'tuf') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const tooLong = (): Error => new Error('too much output');
  const closed = once(child, 'close') as Promise<[number]>;
  const parts = await Promise.all([
    collect(child.stdout, 1e7, tooLong),
    collect(child.stderr, 1e7, tooLong),
  ]);
  return { exitCode: (await closed)[0], output: Buffer.concat(parts).toString() };
}

test('Kiln verifies what the signer process made', async () => {
  const { registry } = image;
  const report = await verifyImage({
    digest: image.index,
    imageKeyPem: signer.publicKeys.imageKeyPem,
    readManifest: (digest) => registry.readManifest(digest),
    readBlob: (digest) => registry.readBlob(digest),
    listReferrers: (digest) => registry.listReferrers(digest),
  });
  expect(printVerification(report)).toContain('verified: 12 checks');
});

describe('stock cosign', () => {
  test.each(['index', 'manifest'] as const)('verifies the signature of the %s', async (what) => {
    const { exitCode, output } = await runCosign(image[what], 'verify');
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    expect(output).toContain(image[what]);
  });

  test.each(['slsaprovenance1', 'spdxjson', 'https://in-toto.io/attestation/test-result/v0.1'])(
    'verifies the attestation of type %s',
    async (type) => {
      for (const digest of [image.index, image.manifest]) {
        const { exitCode, output } = await runCosign(digest, 'verify-attestation', '--type', type);
        expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
      }
    },
  );

  test('finds no attestation of a type that was not made', async () => {
    const { exitCode } = await runCosign(image.index, 'verify-attestation', '--type', 'cyclonedx');
    expect(exitCode).not.toBe(0);
  });

  test.each([
    ['verify', 'https://sigstore.dev/cosign/sign/v1', []],
    ['verify-attestation', 'https://slsa.dev/provenance/v1', ['--type', 'slsaprovenance1']],
  ])('%s refuses a bundle of which one byte is flipped', async (command, predicateType, flags) => {
    const bundle = bundleOf(predicateType);
    for (const member of ['sig', 'payload']) {
      const at = bundle.indexOf(`"${member}":"`) + member.length + 40;
      const flipped = Buffer.from(bundle);
      flipped.write(bundle.charAt(at) === 'A' ? 'B' : 'A', at);
      image.registry.referrers.set(image.index, []);
      image.registry.attach(image.index, Buffer.from(bundle), predicateType);
      expect((await runCosign(image.index, command, ...flags)).exitCode).toBe(0);
      image.registry.referrers.set(image.index, []);
      image.registry.attach(image.index, flipped, predicateType);
      expect((await runCosign(image.index, command, ...flags)).exitCode).not.toBe(0);
    }
  });

  test('refuses another key', async () => {
    const { publicPem } = imageKeyPair();
    const elsewhere = join(root, 'other.pub');
    writeFileSync(elsewhere, publicPem);
    expect((await runCosign(image.index, 'verify', '--key', elsewhere)).exitCode).toBe(1);
  });

  test('refuses statements that were moved to another image', async () => {
    const stolen = image.registry.referrers.get(image.index) ?? [];
    const other = image.registry.putManifest({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [],
      annotations: { of: digestOf('other') },
    });
    image.registry.referrers.set(other.digest, stolen);
    expect((await runCosign(other.digest, 'verify')).exitCode).not.toBe(0);
  });
});
