import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readIndex, readPackage } from '@kiln/apk';
import { concatBytes, systemRandom } from '@kiln/base';
import { fileEntry, hardlinkEntry, symlinkEntry, tarBytes, type TarEntry } from '@kiln/tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readIndexFile } from './index-file.ts';
import { indexPackages } from './index-packages.ts';
import { fileBytes, readPackageFile } from './package-file.ts';
import { signPackageFile } from './package-sign.ts';
import { generateKeyFiles, readSigningKey, type SigningKey } from './signing-key.ts';

/** Hostile archives (packages.md 24.15), at every door through which this room takes a file in. */

let folder = '';
let key: SigningKey;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-hostile-files-'));
  const path = join(folder, 'key.rsa');
  await generateKeyFiles({ path, bits: 2048, present: 'refuse', random: systemRandom });
  key = await readSigningKey(path);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Member {
  readonly entry: TarEntry;
  readonly content: Uint8Array;
}

const member = (entry: TarEntry, content: Uint8Array = Buffer.alloc(0)): Member => ({
  entry,
  content,
});

const file = (path: string, content: string | Uint8Array, pax = true): Member => {
  const bytes = Buffer.from(content);
  const sha1 = createHash('sha1').update(bytes).digest('hex');
  const records = new Map(pax ? [['APK-TOOLS.checksum.SHA1', Buffer.from(sha1)]] : []);
  return member(fileEntry(path, bytes.length, { pax: records }), bytes);
};

const link = (path: string, target: string): Member => {
  const sha1 = createHash('sha1').update(target).digest('hex');
  return member(
    symlinkEntry(path, target, { pax: new Map([['APK-TOOLS.checksum.SHA1', Buffer.from(sha1)]]) }),
  );
};

const segment = (members: readonly Member[], end: 'none' | 'blocks' = 'none'): Buffer =>
  gzipSync(end === 'none' ? tarBytes(members, { end }) : tarBytes(members));

interface Parts {
  readonly before?: readonly Uint8Array[];
  readonly control?: readonly Member[];
  readonly data?: Uint8Array;
}

function apk({ before = [], control = [], data = segment([], 'blocks') }: Parts): Uint8Array {
  const hash = createHash('sha256').update(data).digest('hex');
  const info = `pkgname = evil\npkgver = 1-r0\narch = x86_64\ndatahash = ${hash}\n`;
  const head = segment([file('.PKGINFO', info, false), ...control]);
  return concatBytes([...before, head, data]);
}

const signature = (size: number, name = '.SIGN.RSA256.key.rsa.pub'): Buffer =>
  segment([file(name, Buffer.alloc(size), false)]);

const zeros = (mebibytes: number): Uint8Array => Buffer.alloc(mebibytes * 2 ** 20);

/** In the data of a package. */
const inData: readonly (readonly [attack: string, members: readonly Member[]])[] = [
  ['tar traversal', [file('../evil', 'x')]],
  ['tar traversal on the way', [file('usr/../../evil', 'x')]],
  ['tar traversal by an absolute name', [file('/tmp/evil', 'x')]],
  ['link escape', [link('d', '../..'), file('d/evil', 'x')]],
  ['link escape by a hard link', [member(hardlinkEntry('evil', '../../etc/passwd'))]],
  [
    'link escape by a hard link through a link',
    [link('d', 'e'), member(hardlinkEntry('h', 'd/x'))],
  ],
  ['absolute link', [link('d', '/etc'), file('d/evil', 'x')]],
  ['absolute link that climbs', [link('d', '/../../etc')]],
];

/** Before the data, where every door looks. */
const inFront: readonly (readonly [attack: string, bytes: () => Uint8Array])[] = [
  ['oversized signature', () => apk({ before: [signature(65_537)] })],
  ['oversized signature that is a bomb', () => apk({ before: [signature(16 * 2 ** 20)] })],
  [
    'signatures without end',
    () => apk({ before: Array.from({ length: 40 }, () => signature(256)) }),
  ],
  ['signature with a path', () => apk({ before: [signature(256, '.SIGN.RSA256.../../evil')] })],
  ['decompression bomb in the control segment', () => apk({ control: [file('.bomb', zeros(16))] })],
  ['decompression bomb of extended headers', () => apk({ control: [bombOfHeaders()] })],
  ['tar traversal in the control segment', () => apk({ control: [file('../evil', 'x')] })],
];

function bombOfHeaders(): Member {
  return member(fileEntry('x', 0, { pax: new Map([['comment', zeros(4)]]) }));
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

async function readAll(path: string): Promise<void> {
  const { data } = await readPackage(fileBytes(path));
  for await (const { content } of data)
    if (!(content instanceof Uint8Array)) for await (const _chunk of content) continue;
}

function put(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const refused = /^(?:TAR|GZIP|APK)_(?!FILE_NOT_FOUND|FILE_FAILED)[A-Z_]+$/;

describe('a package', () => {
  test('like those below, without an attack, is accepted at every door', async () => {
    const data = segment([file('a', 'x'), link('l', 'a'), link('abs', '/usr/lib')], 'blocks');
    const path = put('good.apk', apk({ before: [signature(256)], data }));
    expect(await refusal(readAll(path))).toBe('accepted');
    expect(await refusal(readPackageFile(path))).toBe('accepted');
    expect(await refusal(indexPackages([path], { arch: undefined }))).toBe('accepted');
    expect(await refusal(signPackageFile(path, key, systemRandom))).toBe('accepted');
  });

  test.each(inData)('%s is refused where its data are read', async (_attack, members) => {
    const path = put('evil.apk', apk({ data: segment(members, 'blocks') }));
    expect(await refusal(readAll(path))).toBe('TAR_UNSAFE_PATH');
    expect(readdirSync(join(folder, '..')).filter((name) => name === 'evil')).toEqual([]);
  });

  test('decompression bomb in the data stops at the limit', async () => {
    const path = put('evil.apk', apk({ data: segment([file('zeros', zeros(32))], 'blocks') }));
    const reading = async (): Promise<void> => {
      const { data } = await readPackage(fileBytes(path), { limits: { dataBytesMax: 2 ** 20 } });
      for await (const { content } of data)
        if (!(content instanceof Uint8Array)) for await (const _chunk of content) continue;
    };
    expect(await refusal(reading())).toMatch(/_TOO_LARGE$/);
  });

  test.each(inFront)('%s is refused at every door', async (_attack, bytes) => {
    const path = put('evil.apk', bytes());
    expect(await refusal(readAll(path))).toMatch(refused);
    expect(await refusal(readPackageFile(path))).toMatch(refused);
    expect(await refusal(indexPackages([path], { arch: undefined }))).toMatch(refused);
    expect(await refusal(signPackageFile(path, key, systemRandom))).toMatch(refused);
    expect(readFileSync(path).equals(Buffer.from(bytes()))).toBe(true);
  });
});

describe('an index', () => {
  const index = (members: readonly Member[], ...before: readonly Uint8Array[]): Uint8Array =>
    concatBytes([...before, segment(members, 'blocks')]);
  const text = file(
    'APKINDEX',
    'C:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\nP:a\nV:1-r0\nA:x86_64\nS:1\nI:1\n\n',
    false,
  );

  test('like those below, without an attack, is accepted', async () => {
    expect(await refusal(readIndexFile(put('good', index([text]))))).toBe('accepted');
  });

  test.each<readonly [string, () => Uint8Array]>([
    ['oversized signature', () => index([text], signature(65_537))],
    [
      'signatures without end',
      () => index([text], ...Array.from({ length: 40 }, () => signature(256))),
    ],
    ['tar traversal', () => index([text, file('../evil', 'x', false)])],
    ['absolute link', () => index([link('APKINDEX', '/etc/passwd')])],
    ['a second list of packages', () => index([text, text])],
  ])('%s is refused', async (_attack, bytes) => {
    expect(await refusal(readIndexFile(put('evil', bytes())))).toMatch(refused);
  });

  test('decompression bomb stops at the limit', async () => {
    const bomb = index([file('APKINDEX', zeros(16), false)]);
    const reading = readIndex(bomb, { unsigned: true }, { contentBytesMax: 2 ** 20 });
    expect(await refusal(reading)).toMatch(/_TOO_LARGE$/);
  });
});
