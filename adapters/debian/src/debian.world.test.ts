import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestFromHex } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { SourceRequest } from '@kiln/build';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DebianBinaryArchive } from './binary-archive.ts';
import { hostArchive } from './host-sources.ts';
import { redactApt } from './redact.ts';
import { DebianSourceMirror } from './source-mirror.ts';

// These tests need what Kiln itself needs: a Debian host whose apt reaches an archive.
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-debian-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const zlib = 'debian-source:zlib/1:1.2.13.dfsg-1/zlib_1.2.13.dfsg.orig.tar.bz2';

async function hexOfSource(
  mirror: DebianSourceMirror,
  request: SourceRequest,
): Promise<string | undefined> {
  const content = await mirror.find(request);
  if (content === undefined) return undefined;
  const { digest } = await new MemoryBlobs().put(content);
  return digest.slice('sha256:'.length);
}

describe('source tarballs', () => {
  const options = (): { stateDirectory: string; suites: string[] } => ({
    stateDirectory: join(directory, 'sources'),
    suites: ['bookworm', 'no-such-suite'],
  });

  test('are found by name, then by the digest of what came, and a suite that fails is passed over', async () => {
    const mirror = new DebianSourceMirror(options());
    const digest = { algorithm: 'sha256', hex: '2'.repeat(64) } as const;
    const hex = await hexOfSource(mirror, { uri: zlib, digest });
    expect(hex).toMatch(/^[0-9a-f]{64}$/);
    const byDigest = { algorithm: 'sha256', hex: hex ?? '' } as const;
    expect(await hexOfSource(mirror, { uri: 'https://upstream.test/z', digest: byDigest })).toBe(
      hex,
    );
    expect(
      (await readdir(options().stateDirectory)).filter((name) => name.startsWith('tmp-')),
    ).toEqual([]);
  });

  test('that a security update took along are found under its version', async () => {
    const stateDirectory = join(directory, 'updated');
    await mkdir(stateDirectory, { recursive: true });
    const hex = '3'.repeat(64);
    const line = `\n${hex} 1 bookworm zlib 9:9-9+deb12u1 zlib_9.orig.tar.gz\n`;
    await writeFile(join(stateDirectory, 'tarballs'), line);
    const mirror = new DebianSourceMirror({ ...options(), stateDirectory });
    const uri = 'debian-source:zlib/9:9-9/zlib_9.orig.tar.gz';
    // It is asked for, under the new version, of an archive that does not have it.
    await expect(mirror.find({ uri, digest: { algorithm: 'sha256', hex } })).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining('9:9-9+deb12u1'),
    });
    const other = { algorithm: 'sha256', hex: '4'.repeat(64) } as const;
    expect(await mirror.find({ uri, digest: other })).toBeUndefined();
  });

  test('that no index lists are not known here', async () => {
    const mirror = new DebianSourceMirror(options());
    const hex = '0'.repeat(64);
    const request = {
      uri: 'https://upstream.test/z',
      digest: { algorithm: 'sha256', hex },
    } as const;
    expect(await mirror.find(request)).toBeUndefined();
    const sha512 = { algorithm: 'sha512', hex: `${hex}${hex}` } as const;
    expect(await mirror.find({ ...request, digest: sha512 })).toBeUndefined();
  });

  test('that are listed but gone are reported with a hint, without the name of a host', async () => {
    const stateDirectory = join(directory, 'gone');
    await mkdir(stateDirectory, { recursive: true });
    const hex = '1'.repeat(64);
    const line = `\n${hex} 1 bookworm zlib 9:9-9 zlib_9.orig.tar.gz\n`;
    await writeFile(join(stateDirectory, 'tarballs'), line);
    const mirror = new DebianSourceMirror({ ...options(), stateDirectory });
    const request = {
      uri: 'https://upstream.test/z',
      digest: { algorithm: 'sha256', hex },
    } as const;
    await expect(mirror.find(request)).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retry: 'later',
      hint: expect.stringContaining('stable release'),
    });
  });
});

describe('binary packages', () => {
  test('are resolved with all they need and everything essential, fetched by digest and opened', async () => {
    const blobs = new MemoryBlobs();
    const archive = new DebianBinaryArchive({ stateDirectory: join(directory, 'binary'), blobs });
    const closure = await archive.resolveClosure(['make', 'usr-is-merged']);
    const names = closure.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['bash', 'coreutils', 'libc6', 'make', 'perl-base']),
    );
    expect(new Set(names).size).toBe(names.length);
    const make = closure.filter(({ name }) => name === 'make');
    const [deb] = await archive.downloadDebs(make);
    expect(deb).toBe(digestFromHex(make[0]?.sha256 ?? ''));
    const paths = await archive.open(deb ?? digestFromHex(''), async ({ control, members }) => {
      expect(control.get('package')).toBe('make');
      const all: string[] = [];
      for await (const { entry } of members) all.push(entry.path);
      return all;
    });
    expect(paths).toContain('usr/bin/make');
  });

  test('a file that is no package is refused', async () => {
    const blobs = new MemoryBlobs();
    const archive = new DebianBinaryArchive({ stateDirectory: join(directory, 'binary'), blobs });
    const { digest } = await blobs.put(Buffer.from('no package'));
    await expect(archive.open(digest, async () => undefined)).rejects.toMatchObject({
      code: 'DEBIAN_DEB_INVALID',
    });
  });

  test('a name that would be an option is refused', async () => {
    const archive = new DebianBinaryArchive({
      stateDirectory: join(directory, 'binary'),
      blobs: new MemoryBlobs(),
    });
    await expect(archive.resolveClosure(['-o', 'x'])).rejects.toMatchObject({
      code: 'DEBIAN_APT_FAILED',
    });
  });
});

describe('the host', () => {
  test('that is no Debian is told so', async () => {
    const etc = join(directory, 'etc');
    await mkdir(join(etc, 'apt/sources.list.d'), { recursive: true });
    await writeFile(join(etc, 'os-release'), 'ID=alpine\n');
    await expect(hostArchive(etc)).rejects.toMatchObject({ code: 'DEBIAN_ARCHIVE_UNKNOWN' });
  });

  test('may have its archives in one-line form', async () => {
    const etc = join(directory, 'etc');
    await writeFile(join(etc, 'os-release'), 'ID=debian\nVERSION_CODENAME=bookworm\n');
    await writeFile(
      join(etc, 'apt/sources.list'),
      'deb http://security.test/debian-security bookworm-security main\ndeb http://archive.test/debian bookworm main\n',
    );
    const { codename, source } = await hostArchive(etc);
    expect([codename, source.uris]).toEqual(['bookworm', ['http://archive.test/debian']]);
  });
});

test('what apt says is passed on without places', () => {
  const said =
    "Get:1 x\nE: Failed to fetch http://archive.test/debian/pool/x.dsc  404  Not Found [IP: 10.1.2.3 80]\nE: Could not resolve 'archive.test'\n";
  const redacted = redactApt(said);
  expect(redacted).toContain('404');
  expect(redacted).not.toMatch(/archive\.test|10\.1\.2\.3/);
});
