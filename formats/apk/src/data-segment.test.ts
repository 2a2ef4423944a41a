import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gunzipBytes, splitMembers } from '@kiln/gzip';
import { directoryEntry, fileEntry, hardlinkEntry, readTar, symlinkEntry } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { recordedSha1 } from './data-check.ts';
import { compareWalk, dataSegment } from './data-segment.ts';
import type { DataFile } from './data-segment.ts';

const bytes = Buffer.from('content');
const sum = '040f06fd774092478d450774f5ba30c5da78acc8';
const plain = (path: string): DataFile => ({
  entry: fileEntry(path, bytes.length),
  open: () => bytes,
});
const other = (entry: TarEntry): DataFile => ({
  entry,
  open: () => expect.fail('only files are opened'),
});

async function pack(files: readonly DataFile[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of dataSegment(files)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('dataSegment', () => {
  it('is one gzip member with an end of archive and a checksum for files and links only', async () => {
    const segment = await pack([
      other(directoryEntry('a')),
      plain('a/file'),
      other(hardlinkEntry('a/hard', 'a/file')),
      other(symlinkEntry('a/soft', 'file')),
      other({ ...fileEntry('b', 0), type: 'fifo' }),
    ]);
    expect(splitMembers(segment)).toHaveLength(1);
    const tar = Buffer.from(gunzipBytes(segment));
    expect(tar.subarray(-1024).equals(Buffer.alloc(1024))).toBe(true);
    const sums: unknown[] = [];
    for await (const { entry } of readTar(tar)) sums.push(recordedSha1(entry));
    expect(sums).toEqual([
      undefined,
      sum,
      sum,
      '971c419dd609331343dee105fffd0f4608dc0bf2',
      undefined,
    ]);
    expect(tar.includes('68 APK-TOOLS.checksum.SHA1=')).toBe(true);
  });

  it('opens a file once when its SHA-1 is known and twice when not', async () => {
    for (const [sha1Hex, times] of [
      [sum, 1],
      [undefined, 2],
    ] as const) {
      let opened = 0;
      const open = (): Uint8Array => {
        opened += 1;
        return bytes;
      };
      await pack([{ entry: fileEntry('f', bytes.length), sha1Hex, open }]);
      expect(opened).toBe(times);
    }
  });

  it('fails when content changes between the two readings, or a known SHA-1 is wrong', async () => {
    let reading = 0;
    const changing = (): Uint8Array => Buffer.from(reading++ === 0 ? 'content' : 'CONTENT');
    const entry = fileEntry('f', bytes.length);
    await expect(pack([{ entry, open: changing }])).rejects.toMatchObject({
      code: 'APK_CONTENT_CHANGED',
    });
    await expect(pack([{ ...plain('f'), sha1Hex: '0'.repeat(40) }])).rejects.toMatchObject({
      code: 'APK_CONTENT_CHANGED',
    });
    await expect(pack([{ entry: fileEntry('f', 3), open: () => bytes }])).rejects.toMatchObject({
      code: 'TAR_CONTENT_LENGTH',
    });
  });

  it.each([
    ['out of order', [plain('b'), plain('a')]],
    ['twice', [plain('a'), plain('a')]],
    ['in the order of whole paths instead of a walk', [plain('a-b'), plain('a/c')]],
    ['as a hard link to no earlier file', [other(hardlinkEntry('h', 'missing'))]],
  ])('refuses members %s', async (_what, files) => {
    await expect(pack(files)).rejects.toMatchObject({ code: 'APK_DATA_ORDER' });
  });
});

describe('compareWalk', () => {
  it('finishes a directory before its longer-named neighbours', () => {
    const walk = ['a', 'a/b', 'a/b/c', 'a/b-c', 'a-b', 'a-b/x', 'a.d', 'B', 'ä', '\u{10000}'];
    expect([...walk].reverse().sort(compareWalk)).toEqual([
      'B',
      ...walk.filter((path) => path !== 'B'),
    ]);
  });

  it('puts a directory directly before what it holds', () => {
    const path = fc
      .array(fc.constantFrom('a', 'a-', 'a.', 'b', 'B'), { minLength: 1, maxLength: 4 })
      .map((c) => c.join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(path), path, (paths, prefix) => {
        const sorted = [...paths].sort(compareWalk);
        const inside = sorted.map((p) =>
          p === prefix || p.startsWith(`${prefix}/`) ? 'in' : 'out',
        );
        expect(inside.join(' ')).toMatch(/^(out ?)*(in ?)*(out ?)*$/);
      }),
    );
  });
});
