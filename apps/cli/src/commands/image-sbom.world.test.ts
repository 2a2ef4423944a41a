import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '@kiln/base';
import { imageKeyPair, signedImage } from '@kiln/trust/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Config } from '../config.ts';
import { imageSbom } from './image-sbom.ts';

const root = mkdtempSync(join(tmpdir(), 'kiln-sbom-'));
const keyFile = join(root, 'own.pub');
const otherFile = join(root, 'other.pub');
const key = imageKeyPair();
const { registry, index } = signedImage(key.privateKey);
let server: Server;

beforeAll(async () => {
  writeFileSync(keyFile, key.publicPem);
  writeFileSync(otherFile, imageKeyPair().publicPem);
  server = createServer((request, response) => {
    const [kind, name] = (request.url ?? '').split('/').slice(-2);
    const digest = name as Digest;
    const listed = (registry.referrers.get(digest) ?? []).map(({ sizeBytes, ...descriptor }) => ({
      ...descriptor,
      size: sizeBytes,
    }));
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const referrers = JSON.stringify({ schemaVersion: 2, mediaType, manifests: listed });
    const content = registry.manifests.get(digest) ?? registry.blobs.get(digest);
    const body = kind === 'referrers' ? referrers : content;
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

/** What the command prints. */
async function printed(flags: Readonly<Record<string, string>>): Promise<string> {
  const { port } = server.address() as AddressInfo;
  let data = '';
  await imageSbom.run({
    config: { home: root, port } as Config,
    positionals: [`127.0.0.1:${port}/app@${index}`],
    rest: [],
    flags,
    print: { data: (text) => (data += text), talk: () => undefined },
  });
  return data;
}

test('prints what the key signed about the manifest of this platform', async () => {
  expect(JSON.parse(await printed({ key: keyFile }))).toEqual({
    spdxVersion: 'SPDX-2.3',
    packages: [{ name: 'zlib' }],
  });
});

test.each([
  ['another key', { key: otherFile }, 'VERIFY_FAILED'],
  ['a form that nobody attached', { key: keyFile, format: 'cyclonedx' }, 'IMAGE_SBOM_NOT_FOUND'],
  ['a form that there is not', { key: keyFile, format: 'toys' }, 'USAGE'],
])('%s is refused', async (_name, flags, code) => {
  await expect(printed(flags)).rejects.toMatchObject({ code });
});

test('whoever misses CycloneDX of what was composed learns how to compose it', async () => {
  await expect(printed({ key: keyFile, format: 'cyclonedx' })).rejects.toMatchObject({
    hint: expect.stringContaining('--sbom-formats spdx,cyclonedx'),
  });
});
