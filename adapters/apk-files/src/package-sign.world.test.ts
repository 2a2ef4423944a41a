import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPackage } from '@kiln/apk';
import { KilnError, concatBytes, systemRandom } from '@kiln/base';
import { gzipBytes, splitMembers } from '@kiln/gzip';
import { kindOfFile } from './file-kind.ts';
import { readPackageFile } from './package-file.ts';
import { signPackageFile } from './package-sign.ts';
import { generateKeyFiles, readSigningKey } from './signing-key.ts';
import type { SigningKey } from './signing-key.ts';

const original = fileURLToPath(
  new URL(
    '../../../formats/apk/testdata/melange/cases/all-keys/expected/all-keys-2.7.1-r3.apk',
    import.meta.url,
  ),
);

let folder = '';
let file = '';
let key: SigningKey;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-sign-'));
  file = join(folder, 'package.apk');
  cpSync(original, file);
  const path = join(folder, 'test.rsa');
  await generateKeyFiles({ path, bits: 2048, present: 'refuse', random: systemRandom });
  key = await readSigningKey(path);
});

afterEach(() => rmSync(folder, { recursive: true }));

const members = (path: string): Buffer[] =>
  splitMembers(readFileSync(path)).map((member) => Buffer.from(member.compressed));

async function refusal(path: string): Promise<string> {
  try {
    await signPackageFile(path, key, systemRandom);
    return 'signed';
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return `${error.code} ${error.message}`;
  }
}

const leftovers = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

describe('signing a package', () => {
  it('replaces the signature and leaves control and data as they are', async () => {
    const before = members(file);
    expect(await signPackageFile(file, key, systemRandom)).toEqual({
      path: file,
      kind: 'package',
      keyName: 'test.rsa.pub',
      replaced: ['parity.rsa.pub'],
    });
    const after = members(file);
    expect(after).toHaveLength(3);
    expect(after.slice(1)).toEqual(before.slice(1));
    expect(after[0]).not.toEqual(before[0]);
  });

  it('makes a signature that openssl accepts, with the time of .PKGINFO', async () => {
    await signPackageFile(file, key, systemRandom);
    const { signatures, controlBytes } = await readPackageFile(file);
    writeFileSync(join(folder, 'signature'), signatures[0]?.signature ?? '');
    writeFileSync(join(folder, 'control'), controlBytes);
    const words = ['-sha256', '-verify', 'test.rsa.pub', '-signature', 'signature', 'control'];
    expect(execFileSync('openssl', ['dgst', ...words], { cwd: folder, encoding: 'utf8' })).toBe(
      'Verified OK\n',
    );
    writeFileSync(join(folder, 'first'), members(file)[0] ?? '');
    const listing = execFileSync('tar', ['-tvzf', 'first', '--full-time', '--utc'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(listing).toMatch(
      /^-rw-r--r-- root\/root +256 2023-11-14 22:13:20 \.SIGN\.RSA256\.test\.rsa\.pub$/m,
    );
  });

  it('gives the same bytes again', async () => {
    await signPackageFile(file, key, systemRandom);
    const once = readFileSync(file);
    await signPackageFile(file, key, systemRandom);
    expect(readFileSync(file).equals(once)).toBe(true);
  });

  it('signs what has no signature or several', async () => {
    const [signature, ...rest] = members(file);
    writeFileSync(file, concatBytes(rest));
    expect((await signPackageFile(file, key, systemRandom)).replaced).toEqual([]);
    writeFileSync(file, concatBytes([signature ?? Buffer.of(), signature ?? Buffer.of(), ...rest]));
    expect((await signPackageFile(file, key, systemRandom)).replaced).toHaveLength(2);
    expect(members(file)).toHaveLength(3);
    for await (const { content } of (await readPackage(readFileSync(file))).data)
      if (!(content instanceof Uint8Array)) for await (const _chunk of content);
  });

  it('keeps the mode of the file, and a link to it', async () => {
    chmodSync(file, 0o640);
    const linked = join(folder, 'linked.apk');
    symlinkSync('package.apk', linked);
    await signPackageFile(linked, key, systemRandom);
    expect(lstatSync(linked).isSymbolicLink()).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect((await readPackageFile(file)).signatures[0]?.keyName).toBe('test.rsa.pub');
    expect(leftovers()).toEqual([]);
  });
});

describe('what is no whole package is refused and left as it was', () => {
  const refused = async (bytes: Uint8Array): Promise<string> => {
    writeFileSync(file, bytes);
    const answer = await refusal(file);
    expect(readFileSync(file).equals(Buffer.from(bytes))).toBe(true);
    expect(leftovers()).toEqual([]);
    return answer;
  };

  it('cut short, in every segment', async () => {
    const whole = readFileSync(original);
    const [signature, control] = splitMembers(whole).map((member) => member.compressed.length);
    const endOfControl = (signature ?? 0) + (control ?? 0);
    expect(await refused(whole.subarray(0, 20))).toMatch(/^GZIP_TRUNCATED .*package\.apk: /);
    expect(await refused(whole.subarray(0, endOfControl - 9))).toMatch(/^GZIP_TRUNCATED/);
    expect(await refused(whole.subarray(0, whole.length - 1))).toMatch(/^APK_DATA_HASH_MISMATCH/);
    expect(await refused(whole.subarray(0, endOfControl))).toMatch(/^APK_DATA_HASH_MISMATCH/);
    expect(await refused(Buffer.of())).toMatch(/^GZIP_TRUNCATED/);
  });

  it('with one wrong byte in its data', async () => {
    const bytes = readFileSync(original);
    bytes[bytes.length - 12] = (bytes[bytes.length - 12] ?? 0) ^ 1;
    expect(await refused(bytes)).toMatch(/^APK_DATA_HASH_MISMATCH/);
  });

  it('that would unpack to more than a control segment may hold', async () => {
    const bomb = gzipBytes(Buffer.alloc(64 * 2 ** 20));
    expect(await refused(bomb)).toMatch(/^APK_TOO_LARGE/);
  });

  it('that is something else', async () => {
    expect(await refused(Buffer.from('#!/bin/sh\n'))).toMatch(/^GZIP_CORRUPT/);
    expect(await refused(gzipBytes(Buffer.from('x')))).toMatch(/^(TAR|APK)_/);
    expect(await refusal(folder)).toMatch(/^APK_FILE_FAILED .*not a regular file/);
    expect(await refusal(join(folder, 'none'))).toMatch(/^APK_FILE_NOT_FOUND .*none: no such file/);
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await refusal(join(folder, 'pipe'))).toMatch(/^APK_FILE_FAILED .*not a regular file/);
  });

  it('also when the key is none', async () => {
    const before = readFileSync(file);
    const broken = { keyName: 'broken.rsa.pub', pem: 'not a key' };
    await expect(signPackageFile(file, broken, systemRandom)).rejects.toMatchObject({
      code: 'APK_KEY_INVALID',
    });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(leftovers()).toEqual([]);
  });
});

describe('the kind of a file', () => {
  it('is found behind the signatures', async () => {
    const index = new URL(
      '../../../formats/apk/testdata/apko/repos/edge/x86_64/APKINDEX.tar.gz',
      import.meta.url,
    );
    expect(await kindOfFile(file)).toBe('package');
    expect(await kindOfFile(fileURLToPath(index))).toBe('index');
  });

  it('is refused for anything else', async () => {
    writeFileSync(file, gzipBytes(Buffer.alloc(1024)));
    await expect(kindOfFile(file)).rejects.toMatchObject({ code: 'APK_INVALID' });
  });
});
