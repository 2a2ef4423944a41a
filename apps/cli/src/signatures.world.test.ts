import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PackageBuilds } from './local/testing.ts';

/** openssl judges what the commands sign; files are taken apart by tar and zlib, not by code of ours. */

let builds: PackageBuilds;

beforeAll(async () => {
  builds = await PackageBuilds.open(['bash', 'mkdir']);
  const recipe = builds.put(
    'signed.yaml',
    `package: {name: signed, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [tools]}}
pipeline: [{runs: 'mkdir -p "\${{targets.destdir}}/usr/share/x"'}]
`,
  );
  await builds.build(recipe);
});
afterAll(() => builds[Symbol.dispose]());

/** The gzip members of a file, by where zlib says that each ends. */
function membersOf(file: string): readonly Buffer[] {
  const members: Buffer[] = [];
  let rest = fs.readFileSync(file);
  while (rest.length > 0) {
    // Magic, deflate, no flags or an extra field: ten bytes of header and that field, eight of trailer.
    expect(rest.subarray(0, 4).toString('hex')).toMatch(/^1f8b080[04]$/);
    const head = 10 + (rest[3] === 4 ? 2 + rest.readUInt16LE(10) : 0);
    const raw: unknown = inflateRawSync(rest.subarray(head), { info: true });
    const { engine } = raw as { readonly engine: { readonly bytesWritten: number } };
    const end = head + engine.bytesWritten + 8;
    members.push(rest.subarray(0, end));
    rest = rest.subarray(end);
  }
  return members;
}

interface Signed {
  /** Of the entry that holds the signature. */
  readonly name: string;
  readonly signature: Buffer;
  /** The member behind it, compressed as it is. */
  readonly segment: Buffer;
}

function signedPart(file: string): Signed {
  const [front = Buffer.alloc(0), segment = Buffer.alloc(0)] = membersOf(file);
  const tar = (...words: string[]): Buffer => execFileSync('tar', words, { input: front });
  const name = tar('-tzf', '-').toString().trim();
  return { name, signature: tar('-xzOf', '-', name), segment };
}

/** Whether openssl accepts the signature in front of a file. */
function isAccepted(file: string, keyFile: string, hash = '-sha256'): boolean {
  const { signature, segment } = signedPart(file);
  const words = ['dgst', hash, '-verify', keyFile];
  const named = builds.put('signature', signature);
  const { stdout } = spawnSync('openssl', [...words, '-signature', named], {
    input: segment,
    encoding: 'utf8',
  });
  return stdout === 'Verified OK\n';
}

const at = (name: string): string => path.join(builds.folder, name);
const main = fileURLToPath(new URL('main.ts', import.meta.url));
const apk = 'packages/x86_64/signed-1-r0.apk';
const index = 'packages/x86_64/APKINDEX.tar.gz';

function kiln(...words: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [main, ...words], {
    cwd: builds.folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], KILN_HOME: at('home') },
  });
  expect([status, stderr.includes('error')]).toEqual([0, false]);
}

test.each([apk, index])('%s, as package build wrote it, verifies', (file) => {
  expect(signedPart(at(file)).name).toBe('.SIGN.RSA256.own.rsa.pub');
  expect(isAccepted(at(file), at('own.rsa.pub'))).toBe(true);
});

test('a key that was generated, and what key sign and index sign with it', () => {
  kiln('key', 'generate', 'other.rsa', '--bits', '2048');
  const text = execFileSync('openssl', ['pkey', '-pubin', '-in', at('other.rsa.pub'), '-text'], {
    encoding: 'utf8',
  });
  expect(text).toContain('2048 bit');
  fs.copyFileSync(at(apk), at('again.apk'));
  kiln('key', 'sign', 'again.apk', '--key', 'other.rsa');
  expect(signedPart(at('again.apk')).name).toBe('.SIGN.RSA256.other.rsa.pub');
  expect(isAccepted(at('again.apk'), at('other.rsa.pub'))).toBe(true);
  expect(isAccepted(at('again.apk'), at('own.rsa.pub'))).toBe(false);
  kiln('index', 'again.apk', '-o', 'index.tar.gz', '--sign', 'other.rsa');
  expect(isAccepted(at('index.tar.gz'), at('other.rsa.pub'))).toBe(true);
});

test('melange’s commands sign so that the same holds', () => {
  kiln('melange', 'keygen', '--key-size', '2048', 'm.rsa');
  fs.copyFileSync(at(apk), at('m.apk'));
  kiln('melange', 'sign', '-k', 'm.rsa', 'm.apk');
  kiln('melange', 'index', '-o', 'm.tar.gz', 'm.apk');
  kiln('melange', 'sign-index', '--signing-key', 'm.rsa', 'm.tar.gz');
  for (const file of ['m.apk', 'm.tar.gz'])
    expect(isAccepted(at(file), at('m.rsa.pub'))).toBe(true);
});

describe('a signature', () => {
  test('is over the segment behind it and no other byte', () => {
    const { signature, segment } = signedPart(at(apk));
    const verify = (bytes: Buffer, hash: string): string =>
      spawnSync(
        'openssl',
        ['dgst', hash, '-verify', at('own.rsa.pub'), '-signature', builds.put('s', signature)],
        { input: bytes, encoding: 'utf8' },
      ).stdout;
    expect(verify(segment, '-sha256')).toBe('Verified OK\n');
    expect(verify(segment, '-sha1')).not.toBe('Verified OK\n');
    const changed = Buffer.from(segment);
    changed[20] = (changed[20] ?? 0) ^ 1;
    expect(verify(changed, '-sha256')).not.toBe('Verified OK\n');
    expect(verify(fs.readFileSync(at(apk)), '-sha256')).not.toBe('Verified OK\n');
  });

  test('names in .PKGINFO the data that it is to cover', () => {
    const [, control = Buffer.alloc(0), data = Buffer.alloc(0), ...more] = membersOf(at(apk));
    expect(more).toEqual([]);
    const info = execFileSync('tar', ['-xzOf', '-', '.PKGINFO'], { input: control }).toString();
    const sum = execFileSync('openssl', ['dgst', '-sha256', '-r'], { input: data }).toString();
    expect(info).toContain(`datahash = ${sum.slice(0, 64)}\n`);
  });
});
