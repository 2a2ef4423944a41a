import { X509Certificate, createHash } from 'node:crypto';
import fs from 'node:fs';
import { parseImageConfig } from '@kiln/image-config';
import { describe, expect, test } from 'vitest';
import { assemble } from './assemble.ts';
import { readFile } from './content.ts';
import { addToJavaStore } from './java-store.ts';
import { directory, file, fixturePackage } from './package-fixture.ts';

const read = (name: string): Buffer =>
  fs.readFileSync(new URL(`../testdata/java/${name}`, import.meta.url));
const store = read('keytool.jks');
const [a, b] = [read('a.der'), read('b.der')];
const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const createdMs = 1_700_000_000_000;

const added = [
  { alias: `Company-CA-${sum(a)}`, der: a },
  { alias: `zeta-${sum(b)}`, der: b },
  { alias: `pkg-${sum(b)}`, der: b },
];

describe('a Java key store', () => {
  test('that keytool made gets the entries that apko gives it', () => {
    expect(Buffer.compare(addToJavaStore(store, added, createdMs), read('added.jks'))).toBe(0);
  });

  test('has one entry of an alias, the last', () => {
    const twice = addToJavaStore(read('added.jks'), added, createdMs);
    expect(Buffer.compare(twice, read('added.jks'))).toBe(0);
    const other = addToJavaStore(store, [{ alias: 'ZETA', der: b }], createdMs);
    expect(Buffer.from(other).includes(a)).toBe(false);
  });

  test.each<[string, Uint8Array, string]>([
    ['nothing', Buffer.alloc(0), 'ends too early'],
    ['PKCS #12', Buffer.from('308204a402', 'hex'), 'JKS'],
    ['another version', Buffer.from('feedfeed0000000100000000', 'hex'), 'version 1'],
    [
      'an unknown entry',
      Buffer.from(`feedfeed${'00000002'.repeat(2)}00000003${'0'.repeat(40)}`, 'hex'),
      'kind 3',
    ],
    ['many entries', Buffer.from('feedfeed00000002ffffffff', 'hex'), 'ends too early'],
    ['a part', store.subarray(0, 1000), 'ends too early'],
    ['no digest', store.subarray(0, -1), 'ends too early'],
    ['a wrong byte', store.with(100, 0), 'damaged'],
  ])('is not %s', (_, bytes, why) => {
    expect(() => addToJavaStore(bytes, added, createdMs)).toThrow(why);
  });

  test('of a length that is too long is not read', () => {
    for (let at = 0; at < store.length; at += 1)
      expect(() => addToJavaStore(store.with(at, 255 - (store[at] ?? 0)), [], createdMs)).toThrow(
        /./,
      );
  });
});

describe('certificates of an image', () => {
  const path = 'etc/ssl/certs/java/cacerts';
  const yaml = `{contents: {}, certificates: {additional: [{name: Company-CA, content: ${JSON.stringify(
    new X509Certificate(a).toString(),
  )}}]}}`;

  async function built(content: Uint8Array): ReturnType<typeof assemble> {
    const members = [directory('etc/ssl/certs/java'), file(path, 'x'.repeat(content.length))];
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield content;
    }
    return assemble({
      config: parseImageConfig(yaml, 'image.yaml'),
      arch: 'amd64',
      packages: [{ ...fixturePackage('java', members), read: bytes }],
      keyring: [],
      sourceDateEpochSeconds: createdMs / 1000,
    });
  }

  test('are added to the store that is there, beside which its checksum is', async () => {
    const { tree } = await built(store);
    const node = tree.at(path);
    if (node?.type !== 'file') throw new Error('no store');
    const bytes = await readFile(node, path);
    expect(Buffer.compare(bytes, addToJavaStore(store, added.slice(0, 1), createdMs))).toBe(0);
    const checksum = tree.at('etc/ssl/certs/java/.cacerts.sha256');
    if (checksum?.type !== 'file') throw new Error('no checksum');
    const text = Buffer.from(await readFile(checksum, '')).toString();
    expect(text).toBe(`${sum(bytes)}  cacerts\n`);
  });

  test('are not added to what is no store', async () => {
    await expect(built(Buffer.from('text'))).rejects.toMatchObject({
      code: 'ASSEMBLE_JAVA_STORE_INVALID',
      message: expect.stringContaining('of package java'),
    });
  });
});
