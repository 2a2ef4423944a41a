import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TarEntry, TarEntryType } from './entry.ts';
import { memberSize, printHeader } from './header.ts';
import { directoryEntry, fileEntry, hardlinkEntry, symlinkEntry } from './make.ts';
import { readTar } from './read.ts';
import { tarBytes, writeTar } from './write.ts';

interface Whole {
  readonly entry: TarEntry;
  readonly content: Buffer;
}

async function joined(source: AsyncIterable<Uint8Array> | Uint8Array): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source instanceof Uint8Array ? [source] : source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function readAll(archive: Uint8Array): Promise<Whole[]> {
  const members: Whole[] = [];
  for await (const { entry, content } of readTar(archive))
    members.push({ entry, content: await joined(content) });
  return members;
}

/** A text field of the last header of a member. */
function field(header: Uint8Array, offset: number, size: number): string {
  const bytes = Buffer.from(header).subarray(
    header.length - 512 + offset,
    header.length - 512 + offset + size,
  );
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end === -1 ? size : end);
}

describe('a header', () => {
  it('is one ustar block with zero-padded octal numbers', () => {
    const entry = fileEntry('usr/bin/tool', 5, {
      mode: 0o4755,
      uid: 7,
      gid: 8,
      mtimeSeconds: 1_700_000_000,
    });
    const header = Buffer.from(printHeader(entry));
    expect(header.length).toBe(512);
    expect(header.toString('latin1', 0, 13)).toBe('usr/bin/tool\0');
    expect(header.toString('latin1', 100, 148)).toBe(
      '0004755\x000000007\x000000010\x0000000000005\x0014524770400\0',
    );
    expect(header.toString('latin1', 148, 157)).toMatch(/^[0-7]{6}\0 0$/);
    expect(header.toString('latin1', 257, 265)).toBe('ustar\x0000');
    expect(header.toString('latin1', 329, 345)).toBe('0000000\x000000000\0');
  });

  it('holds a path of 100 bytes whole and splits a longer one at a slash', () => {
    const exact = 'd/'.repeat(48) + 'file';
    expect(field(printHeader(fileEntry(exact, 0)), 0, 100)).toBe(exact);
    const long = `${'p'.repeat(155)}/${'n'.repeat(100)}`;
    const header = printHeader(fileEntry(long, 0));
    expect(header.length).toBe(512);
    expect(field(header, 345, 155)).toBe('p'.repeat(155));
    expect(field(header, 0, 100)).toBe('n'.repeat(100));
  });

  it('splits at the last slash that leaves 155 bytes before it', () => {
    const header = printHeader(
      fileEntry(`${'a/'.repeat(70)}${'b'.repeat(20)}/${'c'.repeat(50)}`, 0),
    );
    expect(field(header, 0, 100)).toBe(`${'b'.repeat(20)}/${'c'.repeat(50)}`);
  });

  it.each([
    [
      'a last component over 100 bytes',
      fileEntry(`n/${'c'.repeat(120)}`, 0),
      'n/PaxHeaders.0/' + 'c'.repeat(85),
    ],
    ['a name beyond ASCII', fileEntry('n/naïve', 0), 'n/PaxHeaders.0/nave'],
    ['a name with no ASCII at all', fileEntry('n/日本', 0), 'n/PaxHeaders.0'],
    ['a name at the top', fileEntry('日本.txt', 0), 'PaxHeaders.0/.txt'],
    ['a link target over 100 bytes', symlinkEntry('b/l', 'x'.repeat(101)), 'b/PaxHeaders.0/l'],
    ['a link target beyond ASCII', symlinkEntry('b/l', 'café'), 'b/PaxHeaders.0/l'],
    ['a large owner', fileEntry('b/f', 0, { uid: 0o10000000 }), 'b/PaxHeaders.0/f'],
    ['a long owner name', fileEntry('b/f', 0, { userName: 'u'.repeat(33) }), 'b/PaxHeaders.0/f'],
    ['a time before 1970', fileEntry('b/f', 0, { mtimeSeconds: -1 }), 'b/PaxHeaders.0/f'],
    ['content of 8 GiB', fileEntry('b/f', 2 ** 33), 'b/PaxHeaders.0/f'],
    [
      'a record',
      fileEntry('b/f', 0, { pax: new Map([['SCHILY.xattr.user.a', Buffer.of(255)]]) }),
      'b/PaxHeaders.0/f',
    ],
  ])('has a PAX header before it for %s', (_what, entry, name) => {
    const header = Buffer.from(printHeader(entry));
    expect(header.length).toBe(1536);
    expect(field(header.subarray(0, 512), 0, 100)).toBe(name);
    expect(header.toString('latin1', 100, 124)).toBe('0000000\x000000000\x000000000\0');
    expect(header.toString('latin1', 156, 157)).toBe('x');
    expect(header.subarray(265, 500).every((byte) => byte === 0)).toBe(true);
  });

  it('keeps plain ustar at the last values that fit', () => {
    const entry = fileEntry('f', 2 ** 33 - 1, {
      uid: 0o7777777,
      gid: 0o7777777,
      userName: 'u'.repeat(32),
    });
    expect(printHeader(entry).length).toBe(512);
  });

  it('lists the records in the byte order of their keys with self-counting lengths', () => {
    const pax = new Map([
      ['SCHILY.xattr.user.b', Buffer.from('2')],
      ['APK-TOOLS.checksum.SHA1', Buffer.from('a'.repeat(40))],
    ]);
    const header = Buffer.from(printHeader(fileEntry('é', 0, { pax })));
    expect(header.toString('utf8', 512, 1024).replace(/\0+$/, '')).toBe(
      `68 APK-TOOLS.checksum.SHA1=${'a'.repeat(40)}\n25 SCHILY.xattr.user.b=2\n11 path=é\n`,
    );
  });

  it('refuses a text with NUL', () => {
    expect(() => printHeader(fileEntry('a\0b', 0))).toThrow(
      expect.objectContaining({ code: 'TAR_UNSAFE_PATH' }),
    );
  });
});

describe('an archive', () => {
  it('ends with exactly two zero blocks, or none', () => {
    const members = [{ entry: fileEntry('a', 1), content: Buffer.from('x') }];
    const open = tarBytes(members, { end: 'none' });
    expect(open.length).toBe(1024);
    expect(Buffer.from(tarBytes(members)).equals(Buffer.concat([open, Buffer.alloc(1024)]))).toBe(
      true,
    );
    expect(tarBytes([]).length).toBe(1024);
  });

  it.each([4, 6])('refuses content of %d bytes where the header says 5', async (size) => {
    const member = { entry: fileEntry('a', 5), content: Buffer.alloc(size) };
    await expect(joined(writeTar([member]))).rejects.toMatchObject({ code: 'TAR_CONTENT_LENGTH' });
    expect(() => tarBytes([member])).toThrow(
      expect.objectContaining({ code: 'TAR_CONTENT_LENGTH' }),
    );
  });

  it('comes back the same, whatever the entries are', async () => {
    const name = fc.oneof(
      fc.stringMatching(/^[a-zA-Z0-9_+.-]{1,30}$/),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
      fc.string({ unit: fc.constantFrom('a', 'ü'), minLength: 60, maxLength: 160 }),
    );
    const component = name
      .map((s) => s.replace(/[/\0]/g, '_'))
      .filter((s) => s !== '.' && s !== '..' && s.isWellFormed());
    const path = fc
      .array(component, { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join('/'));
    const member = fc
      .record({
        path,
        target: path,
        type: fc.constantFrom<TarEntryType>(
          'file',
          'hardlink',
          'symlink',
          'char',
          'block',
          'directory',
          'fifo',
        ),
        mode: fc.nat({ max: 0o7777 }),
        uid: fc.nat(),
        gid: fc.nat(),
        owner: fc.string({ maxLength: 40 }).filter((s) => s.isWellFormed() && !s.includes('\0')),
        mtime: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
        device: fc.nat({ max: 0o7777777 }),
        content: fc.uint8Array({ maxLength: 1500 }),
        attribute: fc.option(fc.uint8Array({ maxLength: 700 })),
      })
      .map((r): Whole => {
        const content = Buffer.from(r.type === 'file' ? r.content : []);
        const device = r.type === 'char' || r.type === 'block' ? r.device : 0;
        const entry: TarEntry = {
          path: r.path,
          type: r.type,
          mode: r.mode,
          uid: r.uid,
          gid: r.gid,
          userName: r.owner,
          groupName: r.owner,
          sizeBytes: content.length,
          mtimeSeconds: r.mtime,
          linkTarget: r.type === 'hardlink' || r.type === 'symlink' ? r.target : '',
          deviceMajor: device,
          deviceMinor: device,
          pax: new Map(
            r.attribute === null ? [] : [['SCHILY.xattr.user.a', Buffer.from(r.attribute)]],
          ),
        };
        return { entry, content };
      });
    const property = fc.asyncProperty(fc.array(member, { maxLength: 4 }), async (members) => {
      const archive = Buffer.from(tarBytes(members));
      expect((await joined(writeTar(members))).equals(archive)).toBe(true);
      expect(archive.length).toBe(
        1024 + members.reduce((sum, { entry }) => sum + memberSize(entry), 0),
      );
      const found = await readAll(archive);
      expect(found).toEqual(members);
      expect(Buffer.from(tarBytes(found)).equals(archive)).toBe(true);
    });
    await fc.assert(property, { numRuns: 200 });
  });
});

it('makes entries with the owner root and the usual modes', () => {
  expect(fileEntry('f', 1)).toMatchObject({
    type: 'file',
    mode: 0o644,
    userName: 'root',
    sizeBytes: 1,
  });
  expect(directoryEntry('d')).toMatchObject({ type: 'directory', mode: 0o755, sizeBytes: 0 });
  expect(symlinkEntry('s', '../t')).toMatchObject({
    type: 'symlink',
    mode: 0o777,
    linkTarget: '../t',
  });
  expect(hardlinkEntry('h', 'f', { mode: 0o600 })).toMatchObject({
    type: 'hardlink',
    mode: 0o600,
    linkTarget: 'f',
  });
});
