import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, digestOf, silentLogger } from '@kiln/base';
import { MemoryPackIndex, composeBlob } from '@kiln/blobs';
import { FsBlobs, PackedBlobs } from '@kiln/blobs-fs';
import { MemoryRegistryState, imageKey } from '@kiln/factory';
import { MemoryRecords } from '@kiln/factory/testing';
import { gzipBytes } from '@kiln/gzip';
import {
  COSIGN_SIGN_PREDICATE,
  SLSA_PROVENANCE_PREDICATE,
  SPDX_PREDICATE,
  printStatement,
  statementAbout,
} from '@kiln/intoto';
import { SignerClient, runSigner } from '@kiln/keys-file';
import type { RunningSigner } from '@kiln/keys-file';
import { mediaTypes } from '@kiln/oci';
import { ociRegistry } from '@kiln/oci-registry';
import {
  composeStatement,
  publishImages,
  storeSegments,
  storeStatementSegments,
} from '@kiln/publish';
import type { ComposedImage, PublishedImage } from '@kiln/publish';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './command.ts';
import { installClients } from './install.ts';

describe('images made of segments, pulled and verified by strangers’ clients', () => {
  let directory: string;
  let server: FastifyInstance;
  let signer: RunningSigner;
  let registry: string;
  let clients: Readonly<Record<'skopeo' | 'cosign', string>>;
  let blobs: PackedBlobs;
  let published: readonly PublishedImage[];

  beforeAll(async () => {
    clients = await installClients(['skopeo', 'cosign']);
    directory = await mkdtemp(join(tmpdir(), 'kiln-packed-'));
    const files = new FsBlobs({ directory: join(directory, 'blobs') });
    const index = new MemoryPackIndex();
    blobs = new PackedBlobs({ files, index });
    const records = new MemoryRecords();
    // The signer reads the packs for itself.
    const signing = new PackedBlobs({ files, index });
    signer = await runSigner({
      keysDirectory: join(directory, 'keys'),
      publicDirectory: join(directory, 'public'),
      socketPath: join(directory, 'run', 'signer.sock'),
      ledger: {
        isRecordedControl: () => Promise.resolve(false),
        isRecordedIndex: () => Promise.resolve(false),
        recordedStatement: () => Promise.resolve(undefined),
        recordedStatements: async (digests) =>
          new Map(
            [...(await records.ledgerOf('statement', digests))].map((digest) => [
              digest,
              () => signing.bytes(digest),
            ]),
          ),
      },
      log: silentLogger,
    });
    const state = new MemoryRegistryState();
    server = Fastify();
    await server.register(ociRegistry, {
      blobs: new PackedBlobs({ files, index }),
      state,
      uploadsDirectory: join(directory, 'uploads'),
    });
    registry = (await server.listen({ host: '127.0.0.1', port: 0 })).replace('http://', '');
    const client = new SignerClient({ socketPath: join(directory, 'run', 'signer.sock') });
    const ports = { packs: blobs, records, signer: client, registry: state };
    const told: PublishedImage[] = [];
    for await (const image of publishImages(ports, await images(3))) told.push(image);
    published = told;
  });
  afterAll(async () => {
    await server.close();
    await signer.close();
    await rm(directory, { recursive: true, force: true });
  });

  const name = (): string => `${registry}/team/permuted`;
  const skopeo = (...args: readonly string[]): Promise<string> =>
    run(clients.skopeo, args, { env: { HOME: directory } });
  const cosign = (command: string, ...args: readonly string[]): Promise<string> => {
    const key = ['--key', join(directory, 'public', 'image.pub')];
    const flags = ['--insecure-ignore-tlog', '--allow-http-registry'];
    return run(clients.cosign, [command, ...key, ...flags, ...args], {
      env: { HOME: directory, TUF_ROOT: join(directory, 'tuf') },
    });
  };
  const packages = Array.from({ length: 30 }, (_, at) => ({
    SPDXID: `SPDXRef-Package-${at}`,
    downloadLocation: 'NOASSERTION',
    name: 'p'.repeat(at + 1),
  }));

  /** Images of a layer in two gzip members, one of them shared, with an SBOM of thirty fragments. */
  async function images(count: number): Promise<AsyncIterable<ComposedImage>> {
    const empty = Buffer.alloc(512);
    const [member] = await storeSegments(blobs, [gzipBytes(empty)]);
    const fragments = await storeStatementSegments(
      blobs,
      packages.map((one, at) => `${canonicalJson(one)}${at < packages.length - 1 ? ',' : ''}`),
    );
    async function* each(): AsyncIterable<ComposedImage> {
      for (let number = 0; number < count; number += 1) yield imageOf(number);
    }
    const imageOf = (number: number): ComposedImage => {
      const layer = composeBlob([member!, gzipBytes(empty)]);
      const config = composeBlob([
        Buffer.from(
          canonicalJson({
            architecture: 'amd64',
            os: 'linux',
            config: { Env: [`NUMBER=${number}`] },
            rootfs: { type: 'layers', diff_ids: [digestOf(Buffer.alloc(1024))] },
          }),
        ),
      ]);
      const manifest = composeBlob([
        Buffer.from(
          canonicalJson({
            schemaVersion: 2,
            mediaType: mediaTypes.manifest,
            config: { mediaType: mediaTypes.config, digest: config.digest, size: config.sizeBytes },
            layers: [
              { mediaType: mediaTypes.layerGzip, digest: layer.digest, size: layer.sizeBytes },
            ],
          }),
        ),
      ]);
      const subject = { name: 'team/permuted', digest: manifest.digest };
      return {
        repository: 'team/permuted',
        key: imageKey('permuted'),
        blobs: [layer, config],
        links: [],
        manifest: { blob: manifest, mediaType: mediaTypes.manifest },
        components: [],
        statements: [
          composeStatement(subject, SPDX_PREDICATE, [
            Buffer.from('{"SPDXID":"SPDXRef-DOCUMENT","packages":['),
            ...fragments,
            Buffer.from('],"spdxVersion":"SPDX-2.3"}'),
          ]),
          composeStatement(subject, SLSA_PROVENANCE_PREDICATE, [
            Buffer.from(
              canonicalJson({
                buildDefinition: { buildType: 'https://example.org/b', externalParameters: {} },
                runDetails: { builder: { id: 'https://example.org/builder' } },
              }),
            ),
          ]),
          composeStatement(subject, COSIGN_SIGN_PREDICATE, [Buffer.from('{}')]),
        ],
        tags: [{ tag: `v${number}`, expected: 'absent' }],
        created: '2026-01-01T00:00:00Z',
      };
    };
    return each();
  }

  it('skopeo copies them, with every digest as it is told', async () => {
    for (const [number, { manifest }] of published.entries()) {
      const target = join(directory, `copy-${number}`);
      await skopeo(
        'copy',
        '--src-tls-verify=false',
        '--insecure-policy',
        '--preserve-digests',
        `docker://${name()}:v${number}`,
        `dir:${target}`,
      );
      expect(digestOf(await readFile(join(target, 'manifest.json')))).toBe(manifest);
    }
  });

  it('cosign verifies the signature and each attestation, blanks and all', async () => {
    for (const { manifest } of published) {
      const image = `${name()}@${manifest}`;
      expect(await cosign('verify', image)).toContain(manifest);
      expect(await cosign('verify-attestation', '--type', 'slsaprovenance1', image)).toContain(
        'payload',
      );
      const attested = await cosign('verify-attestation', '--type', 'spdxjson', image);
      const { payload } = JSON.parse(attested) as { payload: string };
      const predicate = { SPDXID: 'SPDXRef-DOCUMENT', packages, spdxVersion: 'SPDX-2.3' };
      const subject = { name: 'team/permuted', digest: manifest };
      expect(JSON.parse(Buffer.from(payload, 'base64').toString())).toEqual(
        JSON.parse(
          Buffer.from(
            printStatement(statementAbout(subject, SPDX_PREDICATE, predicate)),
          ).toString(),
        ),
      );
    }
  });
});
