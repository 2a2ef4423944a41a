import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '@kiln/base';
import { generateKeyFiles, readSigningKey } from './signing-key.ts';
import type { GenerateKeyOptions } from './signing-key.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const options = (change: Partial<GenerateKeyOptions> = {}): GenerateKeyOptions => ({
  path: join(folder, 'my.rsa'),
  bits: 2048,
  present: 'refuse',
  random: systemRandom,
  ...change,
});

const openssl = (...words: string[]): string =>
  execFileSync('openssl', words, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

describe('a generated key', () => {
  it('is PKCS#1 in a file for its owner, and SubjectPublicKeyInfo for all, in openssl’s eyes too', async () => {
    const made = await generateKeyFiles(options({ bits: 3072 }));
    expect(made).toMatchObject({
      privateFile: join(folder, 'my.rsa'),
      publicFile: join(folder, 'my.rsa.pub'),
      keyName: 'my.rsa.pub',
      bits: 3072,
    });
    expect(readFileSync(made.privateFile, 'utf8')).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    expect(readFileSync(made.publicFile, 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(statSync(made.privateFile).mode & 0o777).toBe(0o600);
    expect(statSync(made.publicFile).mode & 0o777).toBe(0o644);
    expect(openssl('rsa', '-in', 'my.rsa', '-check', '-noout')).toContain('RSA key ok');
    expect(openssl('rsa', '-in', 'my.rsa', '-pubout')).toBe(readFileSync(made.publicFile, 'utf8'));
    expect(openssl('rsa', '-pubin', '-in', 'my.rsa.pub', '-text', '-noout')).toContain(
      '(3072 bit)',
    );
    openssl('rsa', '-pubin', '-in', 'my.rsa.pub', '-outform', 'DER', '-out', 'der');
    expect(openssl('dgst', '-sha256', 'der')).toContain(made.fingerprint);
    expect(readdirSync(folder).sort()).toEqual(['der', 'my.rsa', 'my.rsa.pub']);
  });

  it('takes nobody’s place, unless it shall', async () => {
    await generateKeyFiles(options());
    const first = readFileSync(join(folder, 'my.rsa'), 'utf8');
    await expect(generateKeyFiles(options())).rejects.toMatchObject({ code: 'APK_KEY_EXISTS' });
    expect(readFileSync(join(folder, 'my.rsa'), 'utf8')).toBe(first);
    chmodSync(join(folder, 'my.rsa'), 0o644);
    await generateKeyFiles(options({ present: 'replace' }));
    expect(readFileSync(join(folder, 'my.rsa'), 'utf8')).not.toBe(first);
    expect(statSync(join(folder, 'my.rsa')).mode & 0o777).toBe(0o600);
  });

  it('is not made where only a public key is there', async () => {
    writeFileSync(join(folder, 'my.rsa.pub'), 'somebody’s');
    await expect(generateKeyFiles(options())).rejects.toMatchObject({ code: 'APK_KEY_EXISTS' });
    expect(readdirSync(folder)).toEqual(['my.rsa.pub']);
  });

  it('is not made too small, too large or under a name that no signature can give', async () => {
    for (const bits of [0, 1024, 2047, 2048.5, 20_000, Number.NaN])
      await expect(generateKeyFiles(options({ bits }))).rejects.toMatchObject({
        code: 'APK_KEY_INVALID',
      });
    await expect(generateKeyFiles(options({ path: join(folder, 'a\nb') }))).rejects.toMatchObject({
      code: 'APK_KEY_INVALID',
    });
    await expect(
      generateKeyFiles(options({ path: join(folder, 'none/my.rsa') })),
    ).rejects.toMatchObject({ code: 'APK_FILE_NOT_FOUND' });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a key file', () => {
  it('may be PKCS#8 too', async () => {
    openssl(
      'genpkey',
      '-algorithm',
      'RSA',
      '-pkeyopt',
      'rsa_keygen_bits:2048',
      '-out',
      'eight.rsa',
    );
    const key = await readSigningKey(join(folder, 'eight.rsa'));
    expect(key.keyName).toBe('eight.rsa.pub');
    expect(key.pem).toContain('BEGIN PRIVATE KEY');
  });

  it('is refused where it is none', async () => {
    await expect(readSigningKey(join(folder, 'none'))).rejects.toMatchObject({
      code: 'APK_FILE_NOT_FOUND',
    });
    await expect(readSigningKey(folder)).rejects.toMatchObject({ code: 'APK_FILE_FAILED' });
    writeFileSync(join(folder, 'large'), Buffer.alloc(65 * 1024));
    await expect(readSigningKey(join(folder, 'large'))).rejects.toMatchObject({
      code: 'APK_KEY_INVALID',
    });
    await generateKeyFiles(options());
    const half = join(folder, 'my.rsa.pub');
    await expect(readSigningKey(half)).rejects.toMatchObject({
      code: 'APK_KEY_INVALID',
      message: `${half}: not a private key in PEM`,
      hint: expect.stringContaining('without .pub'),
    });
  });
});
