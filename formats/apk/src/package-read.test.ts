import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '@kiln/base';
import { gzipBytes, splitMembers } from '@kiln/gzip';
import { fileEntry, hardlinkEntry, tarBytes } from '@kiln/tar';
import {
  directory,
  file,
  sampleInfo,
  sampleKey,
  sampleMembers,
  samplePackage,
  segments,
  symlink,
} from '../test/sample-package.ts';
import type { Member } from '../test/sample-package.ts';
import { checksumOf } from './checksum.ts';
import { readControl } from './control-read.ts';
import { printPackageInfo } from './info-print.ts';
import { openPackage } from './package-open.ts';
import { readPackage } from './package-read.ts';
import type { ReadPackageOptions } from './package-read.ts';
import { signatureSegment } from './signature-segment.ts';
import { splitSignatures } from './signature-split.ts';
import { verifySignatures } from './signature.ts';

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

/** Reads everything: the paths of the data, or the code of the error; as it comes and at hand must agree. */
async function outcome(bytes: Uint8Array, options?: ReadPackageOptions): Promise<string> {
  const streamed = await verdict(async () => {
    const { data } = await readPackage(cut(bytes, 1000), options);
    const paths: string[] = [];
    for await (const { entry, content } of data) {
      paths.push(entry.path);
      if (!(content instanceof Uint8Array)) for await (const _chunk of content);
    }
    return paths;
  });
  const atHand = await verdict(async () =>
    (await openPackage(bytes, options)).members.map(({ entry }) => entry.path),
  );
  // Which limit is met first depends on what is read first.
  const comparable = (found: string): string => found.replace(/^[A-Z]+_TOO_LARGE$/, 'TOO_LARGE');
  expect(comparable(atHand)).toBe(comparable(streamed));
  return streamed;
}

async function verdict(read: () => Promise<string[]>): Promise<string> {
  try {
    return (await read()).join(' ');
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (typeof code !== 'string') throw error;
    return code;
  }
}

const all = sampleMembers.map(({ entry }) => entry.path).join(' ');

describe('readPackage', () => {
  it('gives facts, control and signatures before the data', async () => {
    const { control, data } = segments();
    const read = await readPackage(samplePackage());
    const dataHash = createHash('sha256').update(data).digest('hex');
    expect(read.info).toEqual({ ...sampleInfo, dataHash });
    expect(Buffer.from(read.controlBytes).equals(Buffer.from(control))).toBe(true);
    expect(samplePackage().subarray(read.dataOffset)).toEqual(data);
    expect(read.checksum).toBe(checksumOf(control));
    expect(read.control.map(({ entry }) => [entry.path, entry.mode])).toEqual([
      ['.PKGINFO', 0o644],
      ['.melange.yaml', 0o644],
      ['.post-install', 0o755],
      ['.trigger', 0o755],
    ]);
    const keys = new Map([['sample.rsa.pub', sampleKey.publicKey]]);
    expect(verifySignatures(read.signatures, read.controlBytes, keys)).toBe('sample.rsa.pub');
    await read.close();
  });

  it('reads the data to their end, wherever chunks fall', async () => {
    for (const size of [1, 7, 512, 100_000]) {
      const { data } = await readPackage(cut(samplePackage(), size));
      const paths: string[] = [];
      for await (const { entry } of data) paths.push(entry.path);
      expect(paths.join(' ')).toBe(all);
    }
  });

  it('accepts packages without and with several signatures', async () => {
    const { signature, control, data } = segments();
    expect(await outcome(concatBytes([control, data]))).toBe(all);
    expect(await outcome(concatBytes([signature, signature, control, data]))).toBe(all);
  });

  it('accepts an end of archive in the control segment and data in several members', async () => {
    const tar = tarBytes(sampleMembers);
    const data = concatBytes([gzipBytes(tar.subarray(0, 700)), gzipBytes(tar.subarray(700))]);
    const dataHash = createHash('sha256').update(data).digest('hex');
    const info = Buffer.from(printPackageInfo({ ...sampleInfo, dataHash }));
    const control = gzipBytes(
      tarBytes([{ entry: fileEntry('.PKGINFO', info.length), content: info }]),
    );
    expect(await outcome(concatBytes([control, data]))).toBe(all);
  });

  it('stops the source when closed early', async () => {
    let closed = false;
    const source = (async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* cut(samplePackage(), 300);
      } finally {
        closed = true;
      }
    })();
    await (await readPackage(source)).close();
    expect(closed).toBe(true);
  });
});

describe('a package that is not what it says', () => {
  it('is refused for a wrong data hash, at the end', async () => {
    expect(await outcome(samplePackage(sampleMembers, { dataHash: 'f'.repeat(64) }))).toBe(
      'APK_DATA_HASH_MISMATCH',
    );
    expect(await outcome(samplePackage(sampleMembers, { dataHash: '' }))).toBe(
      'APK_DATA_HASH_MISMATCH',
    );
  });

  it('is refused when the data of another package follow the control segment', async () => {
    const { signature, control } = segments();
    const { data } = segments([file('evil', 'evil')]);
    expect(await outcome(concatBytes([signature, control, data]))).toBe('APK_DATA_HASH_MISMATCH');
  });

  it('is refused when a further member is appended to the data', async () => {
    const appended = concatBytes([samplePackage(), gzipBytes(new Uint8Array(0))]);
    expect(await outcome(appended)).toBe('APK_DATA_HASH_MISMATCH');
    expect(await outcome(concatBytes([samplePackage(), segments().data]))).toBe('TAR_CORRUPT');
  });

  it.each<[string, readonly Member[], string]>([
    [
      'a file with another checksum',
      [file('a', 'text', '0'.repeat(40))],
      'APK_FILE_CHECKSUM_MISMATCH',
    ],
    ['a file without a checksum', [file('a', 'text', '')], 'APK_FILE_CHECKSUM_MISSING'],
    [
      'a link with another checksum',
      [symlink('a', 'b', '0'.repeat(40))],
      'APK_FILE_CHECKSUM_MISMATCH',
    ],
    ['a path that climbs out', [file('../a', 'text')], 'TAR_UNSAFE_PATH'],
    ['an absolute path', [file('/etc/passwd', 'text')], 'TAR_UNSAFE_PATH'],
    ['a link that climbs out', [directory('d'), symlink('d/l', '../../x')], 'TAR_UNSAFE_PATH'],
    [
      'a file written through a link',
      [symlink('d', '/etc'), file('d/passwd', 'text')],
      'TAR_UNSAFE_PATH',
    ],
    [
      'a hard link out',
      [{ entry: hardlinkEntry('h', '../x'), content: Buffer.alloc(0) }],
      'TAR_UNSAFE_PATH',
    ],
    ['a path twice', [file('a', '1'), file('a', '2')], 'TAR_DUPLICATE_ENTRY'],
  ])('is refused for %s', async (_what, members, code) => {
    expect(await outcome(samplePackage(members))).toBe(code);
  });

  it('is refused without a control segment or .PKGINFO, or with two', async () => {
    const { signature, data } = segments();
    const info = file('.PKGINFO', 'pkgname = x\npkgver = 1-r0\n');
    expect(await outcome(signature)).toBe('APK_INVALID');
    expect(await outcome(concatBytes([signature, data]))).toBe('APK_INVALID');
    expect(await outcome(gzipBytes(tarBytes([info, info])))).toBe('TAR_DUPLICATE_ENTRY');
    expect(await outcome(new Uint8Array(0))).toBe('GZIP_TRUNCATED');
    const latin1 = { entry: fileEntry('.PKGINFO', 1), content: Buffer.of(0xe9) };
    expect(await outcome(gzipBytes(tarBytes([latin1])))).toBe('APK_INVALID');
  });

  it('is refused for strange signatures', async () => {
    const { control, data } = segments();
    const rest = [control, data];
    const signed = (name: string, size = 512): Uint8Array =>
      concatBytes([
        gzipBytes(
          tarBytes([{ entry: fileEntry(name, size), content: Buffer.alloc(size) }], {
            end: 'none',
          }),
        ),
        ...rest,
      ]);
    expect(await outcome(signed('.SIGN.RSA256.key.rsa.pub'))).toBe(all);
    expect(await outcome(signed('.SIGN.RSA256.key.rsa.pub', 65_537))).toBe('APK_INVALID');
    expect(await outcome(signed('.SIGN.MD5.key.rsa.pub'))).toBe('APK_INVALID');
    expect(await outcome(signed('.SIGN.RSA256.'))).toBe('APK_INVALID');
    expect(await outcome(signed('.SIGN.RSA256.a/b'))).toBe('APK_INVALID');
    const many = Array.from({ length: 20 }, () => segments().signature);
    expect(await outcome(concatBytes([...many, ...rest]))).toBe('APK_INVALID');
  });

  it('is refused at every truncation', async () => {
    const whole = samplePackage();
    for (let size = 0; size < whole.length; size += 13) {
      expect(await outcome(whole.subarray(0, size))).toMatch(
        /^(GZIP_TRUNCATED|APK_INVALID|APK_DATA_HASH_MISMATCH)$/,
      );
    }
    const boundary = splitMembers(whole)[2]?.offset;
    expect(await outcome(whole.subarray(0, boundary))).toBe('APK_DATA_HASH_MISMATCH');
  });

  it('does not get past the limits', async () => {
    const bomb = {
      entry: fileEntry('.PKGINFO', 11 * 2 ** 20),
      content: Buffer.alloc(11 * 2 ** 20),
    };
    expect(await outcome(gzipBytes(tarBytes([bomb])))).toBe('APK_TOO_LARGE');
    expect(await outcome(samplePackage(), { limits: { entriesMax: 3 } })).toBe('TAR_TOO_LARGE');
    const large = samplePackage([file('zeros', '\0'.repeat(300_000))]);
    expect(
      await outcome(large, { limits: { dataBytesMax: 250_000, controlBytesMax: 10_000 } }),
    ).toMatch(/_TOO_LARGE$/);
  });
});

describe('readControl', () => {
  it('reads a control segment kept apart', async () => {
    const { control } = segments();
    expect((await readControl(control)).info.name).toBe('sample');
    await expect(readControl(concatBytes([control, control]))).rejects.toMatchObject({
      code: 'APK_INVALID',
    });
  });
});

describe('splitSignatures', () => {
  it('takes signatures off a package, so that it can be signed anew with all else untouched', async () => {
    const { signature, control, data } = segments();
    const rest = concatBytes([control, data]);
    const unsigned = await splitSignatures(concatBytes([signature, signature, rest]));
    expect(unsigned.signatures.map(({ keyName }) => keyName)).toEqual([
      'sample.rsa.pub',
      'sample.rsa.pub',
    ]);
    expect(Buffer.from(unsigned.rest).equals(Buffer.from(rest))).toBe(true);
    expect(await splitSignatures(rest)).toEqual({ signatures: [], rest });
  });
});

describe('signatureSegment', () => {
  it.each(['', 'a/b', '../x', 'x\n', 'x'.repeat(300)])('refuses the key name %j', (keyName) => {
    const make = (): Uint8Array =>
      signatureSegment({ keyName, signature: Buffer.alloc(256), mtimeSeconds: 0 });
    expect(make).toThrow(expect.objectContaining({ code: 'APK_KEY_INVALID' }));
  });
});
