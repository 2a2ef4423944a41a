import { createHash, generateKeyPairSync } from 'node:crypto';
import {
  checksumOf,
  controlSegment,
  printIndexMember,
  readIndex,
  readPackage,
  recordOf,
  signControl,
  signatureSegment,
  verifySignatures,
} from '@kiln/apk';
import type { IndexRecord, PackageInfo } from '@kiln/apk';
import { apkRepository } from '@kiln/apk-repository';
import { concatBytes, digestOf } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { Generation } from '@kiln/factory';
import { generationReader } from '@kiln/factory';
import { gzipBytes } from '@kiln/gzip';
import { tarBytes } from '@kiln/tar';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const keyName = 'test.rsa.pub';
const key = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

function signed(segment: Uint8Array): Uint8Array {
  const signature = signControl(segment, key.privateKey);
  return concatBytes([signatureSegment({ keyName, signature, mtimeSeconds: 0 }), segment]);
}

/** A package without files; its version is all that differs. */
function packageOf(version: string): { readonly bytes: Uint8Array; readonly record: IndexRecord } {
  const data = gzipBytes(tarBytes([]));
  const info: PackageInfo = {
    name: 'zlib',
    version,
    arch: 'x86_64',
    installedSizeBytes: 0,
    origin: 'zlib',
    description: 'made by a test',
    url: '',
    commit: '',
    maintainer: '',
    buildTimeSeconds: 0,
    licenses: ['Zlib'],
    depends: [],
    provides: [],
    replaces: [],
    installIf: [],
    vendored: [],
    providerPriority: 0,
    replacesPriority: 0,
    triggers: [],
    dataHash: createHash('sha256').update(data).digest('hex'),
  };
  const control = controlSegment({ info, mtimeSeconds: 0 });
  const bytes = concatBytes([signed(control), data]);
  return { bytes, record: recordOf(info, checksumOf(control), bytes.length) };
}

describe('an apk repository read by its own clients', () => {
  let server: FastifyInstance;
  let base: string;

  beforeAll(async () => {
    const blobs = new MemoryBlobs();
    const generations: Generation[] = [];
    for (const [position, version] of ['1.3-r0', '1.3-r1'].entries()) {
      const { bytes, record } = packageOf(version);
      const apk = (await blobs.put(bytes)).digest;
      const unsigned = printIndexMember([record], 'test');
      generations.push({
        repository: 'os',
        arch: 'x86_64',
        number: position + 1,
        indexBlob: (await blobs.put(signed(unsigned))).digest,
        unsigned: digestOf(unsigned),
        packages: [{ file: `zlib-${version}.apk`, apk, record }],
        createdAt: 0,
      });
    }
    server = Fastify();
    await server.register(apkRepository, {
      blobs,
      keys: [{ name: keyName, pem: key.publicKey }],
      provenance: async () => undefined,
      generations: generationReader({
        currentGeneration: async () => generations.at(-1),
        generation: async (_repository, _arch, number) => generations[number - 1],
      }),
    });
    base = `${await server.listen({ host: '127.0.0.1', port: 0 })}/apk`;
  });
  afterAll(() => server.close());

  const fetchBytes = async (path: string): Promise<Uint8Array> => {
    const response = await fetch(`${base}/${path}`);
    expect([path, response.status]).toEqual([path, 200]);
    return response.bytes();
  };

  it('gives a key, an index that it verifies, and the packages that the index names', async () => {
    for (const [repository, version] of [
      ['os', '1.3-r1'],
      ['os/@1', '1.3-r0'],
    ] as const) {
      const pem = Buffer.from(await fetchBytes(`${repository}/${keyName}`)).toString();
      const keys = new Map([[keyName, pem]]);
      const index = await readIndex(await fetchBytes(`${repository}/x86_64/APKINDEX.tar.gz`), {
        keys,
      });
      const [record] = index.records;
      expect([index.signedBy, record?.version]).toEqual([keyName, version]);
      const bytes = await fetchBytes(`${repository}/x86_64/${record?.name}-${record?.version}.apk`);
      expect(bytes.length).toBe(record?.sizeBytes);
      const apk = await readPackage(bytes);
      expect(apk.checksum).toBe(record?.checksum);
      expect(verifySignatures(apk.signatures, apk.controlBytes, keys)).toBe(keyName);
      await apk.close();
    }
  });

  it('still gives the package of the generation before beside the current index', async () => {
    expect((await fetchBytes('os/x86_64/zlib-1.3-r0.apk')).length).toBeGreaterThan(0);
    expect((await fetch(`${base}/os/@2/x86_64/zlib-1.3-r0.apk`)).status).toBe(404);
  });
});
