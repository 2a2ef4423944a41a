import { createHash, createSign, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, digestOf } from '@kiln/base';
import { gunzipBytes, gzipBytes } from '@kiln/gzip';
import { fileEntry, readTar, tarBytes } from '@kiln/tar';
import { file, sampleInfo, sampleKey } from '../test/sample-package.ts';
import { printIndexMember, readIndex } from './index-file.ts';
import type { IndexTrust } from './index-file.ts';
import { parseIndex, printIndex, recordOf } from './index-text.ts';
import type { IndexRecord } from './package-info.ts';
import { signatureSegment } from './signature-segment.ts';
import { holds, signControl, signControlDigest } from './signature.ts';

const checksum = `Q1${createHash('sha1').update('x').digest('base64')}`;
const record = recordOf(sampleInfo, checksum, 1234);
const member = printIndexMember([record], 'a repository');
const keys = new Map([['sample.rsa.pub', sampleKey.publicKey]]);

function signed(bytes: Uint8Array, keyName = 'sample.rsa.pub', of: Uint8Array = bytes): Uint8Array {
  const signature = signControl(of, sampleKey.privateKey);
  return concatBytes([signatureSegment({ keyName, signature, mtimeSeconds: 0 }), bytes]);
}

async function outcome(bytes: Uint8Array, trust: IndexTrust): Promise<unknown> {
  return readIndex(bytes, trust).then(
    (index) => index.signedBy ?? 'unsigned',
    (error: unknown) => (error as { code?: unknown }).code,
  );
}

describe('the index text', () => {
  it('has one field a line in the customary order', () => {
    expect(printIndex([record])).toBe(`C:${checksum}
P:sample
V:1.2-r3
A:x86_64
S:1234
I:12298
T:a sample: with = and spaces
U:https://example.org/
L:MIT AND (Apache-2.0 OR BSD-3-Clause)
o:sample
m:Someone <someone@example.org>
t:1700000000
c:abc
D:!other so:libc.so.6 tool>=1
i:sample=1.2-r3 docs
p:cmd:sample=1.2-r3
k:10

`);
  });

  it('is read back as it was', () => {
    const text = fc.string({ maxLength: 30 }).filter((s) => !/[\n\r\0]/.test(s));
    const atoms = fc.array(fc.stringMatching(/^[!-~]{1,20}$/), { maxLength: 5 });
    const arbitrary: fc.Arbitrary<IndexRecord> = fc.record({
      checksum: fc.constant(checksum),
      name: fc.stringMatching(/^[a-z0-9+._-]{1,20}$/),
      version: fc.constantFrom('1-r0', '2'),
      arch: fc.constantFrom('', 'x86_64'),
      sizeBytes: fc.nat(),
      installedSizeBytes: fc.nat(),
      description: text,
      url: text,
      license: text,
      origin: text,
      maintainer: text,
      buildTimeSeconds: fc.nat(),
      commit: text,
      depends: atoms,
      provides: atoms,
      installIf: atoms,
      providerPriority: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(arbitrary), (records) => {
        expect(parseIndex(printIndex(records))).toEqual(records);
      }),
    );
  });

  it('may lack the last blank line, and hold fields that are not known', () => {
    expect(parseIndex(printIndex([record]).trimEnd())).toEqual([record]);
    expect(parseIndex(printIndex([record]).replace('\nT:', '\nr:x\nz:y\nT:'))).toEqual([record]);
  });

  it('loses records with an unknown upper-case field or no name', () => {
    const broken = printIndex([record]).replace('\nT:', '\nX:new\nT:');
    expect(parseIndex(`${broken}${printIndex([record])}C:${checksum}\nV:1\n\n`)).toEqual([record]);
  });

  it.each([
    ['a line that is no field', 'hello\n'],
    ['a checksum of another kind', 'C:Q2abc\nP:x\nV:1\n\n'],
    ['no checksum', 'P:x\nV:1\n\n'],
    ['a size that is no number', `C:${checksum}\nP:x\nV:1\nS:ten\n\n`],
    ['a negative priority', `C:${checksum}\nP:x\nV:1\nk:-1\n\n`],
    ['a name that is a path', `C:${checksum}\nP:../x\nV:1\n\n`],
    ['an endless line', `C:${checksum}\nP:x\nV:1\np:${'a '.repeat(600_000)}\n\n`],
  ])('is refused for %s', (_what, text) => {
    expect(() => parseIndex(text)).toThrow(expect.objectContaining({ code: 'APK_INDEX_INVALID' }));
  });

  it('takes long lines, writes no priority below 1, and refuses line breaks', () => {
    const provides = Array.from({ length: 10_000 }, (_, i) => `so:lib${i}.so=1`);
    expect(parseIndex(printIndex([{ ...record, provides }]))).toEqual([{ ...record, provides }]);
    expect(printIndex([{ ...record, providerPriority: -3 }])).not.toContain('k:');
    const refused = expect.objectContaining({ code: 'APK_INDEX_INVALID' });
    const evil = { ...record, description: 'a\nP:evil' };
    expect(() => printIndex([evil])).toThrow(refused);
    expect(() => printIndex([evil], { dialect: 'melange' })).toThrow(refused);
    const returned = { ...record, description: 'a\rb' };
    expect(() => printIndex([returned])).toThrow(refused);
    expect(printIndex([returned], { dialect: 'melange' })).toContain('\nT:a\rb\n');
    const ended = { ...record, provides: ['cmd:a\0b=1'] };
    expect(() => printIndex([ended])).toThrow(refused);
    expect(printIndex([ended], { dialect: 'melange' })).toContain('\np:cmd:a\0b=1\n');
  });
});

describe('the index file', () => {
  it('holds APKINDEX and DESCRIPTION at time 0, with an end', async () => {
    const tar = gunzipBytes(member);
    const entries = [];
    for await (const { entry } of readTar(tar))
      entries.push([entry.path, entry.mode, entry.mtimeSeconds, entry.uid]);
    expect(entries).toEqual([
      ['APKINDEX', 0o644, 0, 0],
      ['DESCRIPTION', 0o644, 0, 0],
    ]);
    expect(Buffer.from(tar.subarray(-1024)).equals(Buffer.alloc(1024))).toBe(true);
    const { records, ...rest } = await readIndex(member, { unsigned: true });
    expect([...records]).toEqual([record]);
    expect(rest).toEqual({ description: 'a repository', signedBy: undefined });
  });

  it('is believed when a trusted key signed it, named with or without its ending', async () => {
    expect(await outcome(signed(member), { keys })).toBe('sample.rsa.pub');
    expect(
      await outcome(signed(member), { keys: new Map([['sample', sampleKey.publicKey]]) }),
    ).toBe('sample.rsa.pub');
    expect(await outcome(signed(member), { unsigned: true })).toBe('unsigned');
  });

  it('is refused without a signature where keys are given', async () => {
    expect(await outcome(member, { keys })).toBe('APK_INDEX_UNSIGNED');
  });

  it('is refused when the signature is of other bytes, by an unknown key, or damaged', async () => {
    const evil = printIndexMember([{ ...record, name: 'evil' }], '');
    expect(await outcome(signed(evil, 'sample.rsa.pub', member), { keys })).toBe(
      'APK_INDEX_SIGNATURE_INVALID',
    );
    expect(await outcome(signed(member, 'other.rsa.pub'), { keys })).toBe(
      'APK_INDEX_SIGNATURE_INVALID',
    );
    expect(await outcome(signed(member), { keys: new Map() })).toBe('APK_INDEX_SIGNATURE_INVALID');
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
      type: 'spki',
      format: 'pem',
    });
    const wrong = new Map([['sample.rsa.pub', stranger.toString()]]);
    expect(await outcome(signed(member), { keys: wrong })).toBe('APK_INDEX_SIGNATURE_INVALID');
  });

  it('is refused when a member is appended or put between', async () => {
    expect(await outcome(concatBytes([signed(member), member]), { keys })).toBe(
      'APK_INDEX_SIGNATURE_INVALID',
    );
    expect(await outcome(concatBytes([member, member]), { unsigned: true })).toBe(
      'APK_INDEX_INVALID',
    );
    expect(await outcome(signed(concatBytes([member, member])), { keys })).toBe(
      'APK_INDEX_INVALID',
    );
  });

  it('is verified by any of several signatures', async () => {
    const [first] = [
      signatureSegment({ keyName: 'x.rsa.pub', signature: Buffer.alloc(256), mtimeSeconds: 0 }),
    ];
    expect(await outcome(concatBytes([first, signed(member)]), { keys })).toBe('sample.rsa.pub');
  });

  it('signed with SHA-1 is refused unless that is accepted', async () => {
    const signature = createSign('sha1').update(member).sign(sampleKey.privateKey);
    const entry = fileEntry('.SIGN.RSA.sample.rsa.pub', signature.length);
    const old = concatBytes([
      gzipBytes(tarBytes([{ entry, content: signature }], { end: 'none' })),
      member,
    ]);
    expect(await outcome(old, { keys })).toBe('APK_INDEX_SIGNATURE_INVALID');
    expect(await outcome(old, { keys, sha1: 'accept' })).toBe('sample.rsa.pub');
  });

  it('larger than the limit is refused', async () => {
    const bomb = gzipBytes(tarBytes([file('APKINDEX', '\n'.repeat(5_000_000))]));
    await expect(
      readIndex(bomb, { unsigned: true }, { contentBytesMax: 2 ** 20 }),
    ).rejects.toMatchObject({
      code: 'GZIP_TOO_LARGE',
    });
  });

  it.each([
    ['another file', [file('APKINDEX', ''), file('EVIL', '')]],
    ['no APKINDEX', [file('DESCRIPTION', '')]],
  ])('with %s is refused', async (_what, members) => {
    expect(await outcome(gzipBytes(tarBytes(members)), { unsigned: true })).toBe(
      'APK_INDEX_INVALID',
    );
  });

  it('may have lines that end in CR LF', async () => {
    const text = printIndex([record, { ...record, name: 'é' }]).replaceAll('\n', '\r\n');
    const archive = gzipBytes(tarBytes([file('APKINDEX', text)]));
    const { records } = await readIndex(archive, { unsigned: true });
    expect([...records]).toEqual([record, { ...record, name: 'é' }]);
  });

  it('that is not UTF-8 is refused', async () => {
    const latin1 = { entry: fileEntry('APKINDEX', 1), content: Buffer.of(0xe9) };
    expect(await outcome(gzipBytes(tarBytes([latin1])), { unsigned: true })).toBe(
      'APK_INDEX_INVALID',
    );
  });
});

describe('signatures', () => {
  it('are the same from the bytes and from their digest', () => {
    const fromBytes = Buffer.from(signControl(member, sampleKey.privateKey));
    expect(
      fromBytes.equals(Buffer.from(signControlDigest(digestOf(member), sampleKey.privateKey))),
    ).toBe(true);
    const signature = { algorithm: 'RSA256', keyName: 'k', signature: fromBytes } as const;
    expect(holds(signature, member, sampleKey.publicKey)).toBe(true);
    expect(
      holds({ ...signature, signature: fromBytes.subarray(1) }, member, sampleKey.publicKey),
    ).toBe(false);
    expect(holds({ ...signature, algorithm: 'RSA512' }, member, sampleKey.publicKey)).toBe(false);
  });

  it('are not made with keys that are short, of another kind, or no keys, and never quote them', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const curve = generateKeyPairSync('ed25519').privateKey;
    const pem = (key: typeof short): string =>
      key.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const key of [pem(short), pem(curve), 'SECRET words', '']) {
      const sign = (): Uint8Array => signControl(member, key);
      expect(sign).toThrow(expect.objectContaining({ code: 'APK_KEY_INVALID' }));
      expect(sign).not.toThrow('SECRET');
    }
  });
});
