import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TarEntry } from './entry.ts';
import { headerSum, signedHeaderSum } from './fields.ts';
import { printHeader } from './header.ts';
import { directoryEntry, fileEntry, hardlinkEntry, symlinkEntry } from './make.ts';
import { TarPush } from './push.ts';
import { placedEntries, readTar } from './read.ts';
import type { ReadTarOptions } from './read.ts';
import { tarBytes } from './write.ts';

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function text(content: AsyncIterable<Uint8Array> | Uint8Array): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content instanceof Uint8Array ? [content] : content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

async function entries(archive: Uint8Array, options?: ReadTarOptions): Promise<TarEntry[]> {
  const found: TarEntry[] = [];
  for await (const { entry } of readTar(cut(archive, 300), options)) found.push(entry);
  return found;
}

/** The code that reading throws, or the paths found; as it comes and at hand must agree. */
async function outcome(archive: Uint8Array, options?: ReadTarOptions): Promise<string> {
  const streamed = await verdict(() => entries(archive, options));
  const atHand = await verdict(() =>
    [...placedEntries(archive, options)].map(({ entry }) => entry),
  );
  expect(atHand).toBe(streamed);
  for (const size of [300, 4096])
    expect(await verdict(() => pushed(archive, size, options))).toBe(streamed);
  return streamed;
}

/** Given in chunks, whose memory is used for something else then; the contents come where they are said to be. */
function pushed(archive: Uint8Array, size: number, options?: ReadTarOptions): TarEntry[] {
  const found: TarEntry[] = [];
  let at = 0;
  const sink = {
    entry: (entry: TarEntry, offset: number) => {
      found.push(entry);
      at = offset;
    },
    content: (bytes: Uint8Array) => {
      expect(Buffer.compare(bytes, archive.subarray(at, at + bytes.length))).toBe(0);
      at += bytes.length;
    },
  };
  const tar = new TarPush(sink, options);
  for (let start = 0; start < archive.length; start += size) {
    const chunk = Buffer.from(archive.subarray(start, start + size));
    tar.write(chunk);
    chunk.fill(0xff);
  }
  tar.end();
  return found;
}

async function verdict(read: () => TarEntry[] | Promise<TarEntry[]>): Promise<string> {
  try {
    return (await read()).map((entry) => entry.path).join(' ');
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (typeof code !== 'string') throw error;
    return code;
  }
}

interface Raw {
  readonly name: string | Buffer;
  readonly type?: string;
  readonly size?: number;
  readonly link?: string;
  readonly fields?: Readonly<Record<number, string | Buffer>>;
  readonly content?: string | Buffer;
}

/** Headers as other writers make them, or nobody should. */
function raw(...members: readonly Raw[]): Buffer {
  return Buffer.concat(
    members.map((member) => {
      const content = Buffer.from(member.content ?? '');
      const block = Buffer.from(printHeader(fileEntry('x', member.size ?? content.length)));
      block.fill(0, 0, 100);
      block.write(member.type ?? '0', 156);
      block.write(member.link ?? '', 157);
      Buffer.from(member.name).copy(block, 0);
      for (const [offset, value] of Object.entries(member.fields ?? {}))
        Buffer.from(value).copy(block, Number(offset));
      return Buffer.concat([
        seal(block),
        content,
        Buffer.alloc((512 - (content.length % 512)) % 512),
      ]);
    }),
  );
}

function seal(block: Buffer): Buffer {
  block.write(`${headerSum(block).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function record(key: string, value: string | Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  for (let digits = 1; ; digits++) {
    const size = String(body.length + digits);
    if (size.length === digits) return Buffer.concat([Buffer.from(size), body]);
  }
}

const pax = (...records: readonly Buffer[]): Raw => ({
  name: 'PaxHeaders.0/x',
  type: 'x',
  content: Buffer.concat(records),
});
const global = (...records: readonly Buffer[]): Raw => ({ ...pax(...records), type: 'g' });

describe('other dialects', () => {
  it('lose leading ./, doubled and trailing slashes, and the entry of the root', async () => {
    const archive = raw(
      { name: './', type: '5' },
      { name: './usr/', type: '5' },
      { name: './usr//bin/./x' },
    );
    expect(await outcome(archive)).toBe('usr usr/bin/x');
    expect((await entries(archive)).map(({ hasSlash }) => hasSlash)).toEqual([true, undefined]);
    expect((await entries(raw({ name: 'usr', type: '5' })))[0]).not.toHaveProperty('hasSlash');
  });

  it('may name members by GNU long names', async () => {
    const long = `${'d/'.repeat(100)}file`;
    const archive = raw(
      { name: '././@LongLink', type: 'L', content: `${long}\0` },
      { name: '././@LongLink', type: 'K', content: `${'t'.repeat(150)}\0` },
      { name: long.slice(0, 100), type: '2', link: 't'.repeat(100) },
    );
    expect(await entries(archive)).toMatchObject([{ path: long, linkTarget: 't'.repeat(150) }]);
  });

  it('do not take times in a GNU header for a prefix', async () => {
    const archive = raw({ name: 'file', fields: { 257: 'ustar  \0', 345: '14524770400\0' } });
    expect(await outcome(archive)).toBe('file');
  });

  it('may have base-256 numbers, space-padded octal, and old files and directories without a type', async () => {
    const time = Buffer.from('800000000000000100000000', 'hex');
    const before = Buffer.from('ffffffffffffffffffffffff', 'hex');
    const archive = raw(
      { name: 'a', type: '\0', fields: { 100: '   644 \0', 136: time } },
      { name: 'b/', type: '\0', fields: { 136: before } },
      { name: 'c', type: '7' },
    );
    expect(await entries(archive)).toMatchObject([
      { type: 'file', mode: 0o644, mtimeSeconds: 2 ** 32 },
      { path: 'b', type: 'directory', mtimeSeconds: -1 },
      { path: 'c', type: 'file' },
    ]);
  });

  it('may have a checksum of signed bytes', async () => {
    const block = raw({ name: Buffer.from('é') }).subarray(0, 512);
    block.write(`${signedHeaderSum(block).toString(8).padStart(6, '0')}\0 `, 148);
    expect(await outcome(block)).toBe('é');
  });

  it('take PAX records over fields, local over global, last over first, and nothing for an empty value', async () => {
    const archive = raw(
      global(
        record('uname', 'everyone'),
        record('gname', 'all'),
        record('comment', 'a commit'),
        record('other', 'x'),
      ),
      pax(
        record('path', 'first'),
        record('path', 'päth'),
        record('uid', '3000000000'),
        record('gname', ''),
      ),
      { name: 'short' },
      { name: 'next' },
    );
    expect(await entries(archive)).toMatchObject([
      { path: 'päth', uid: 3_000_000_000, userName: 'everyone', groupName: 'root', pax: new Map() },
      { path: 'next', uid: 0, userName: 'everyone', groupName: 'all' },
    ]);
  });

  it.each([
    ['1700000000.4999', 1_700_000_000],
    ['1700000000.5', 1_700_000_001],
    ['-1.5', -1],
    ['-1.50000001', -2],
    ['-1.5000000009', -1],
    ['-0.2', 0],
  ])('round the time %s to %d', async (time, seconds) => {
    expect(await entries(raw(pax(record('mtime', time)), { name: 'x' }))).toMatchObject([
      { mtimeSeconds: seconds },
    ]);
  });

  it('may end without zero blocks, after one, or be padded to a record', async () => {
    const archive = raw({ name: 'a', content: 'x' });
    for (const zeros of [0, 512, 1024, 10_240]) {
      expect(await outcome(Buffer.concat([archive, Buffer.alloc(zeros)]))).toBe('a');
    }
    expect(await outcome(Buffer.alloc(0))).toBe('');
  });
});

describe('content', () => {
  it('may be read, read in part, or skipped', async () => {
    const archive = raw(
      { name: 'a', content: 'A'.repeat(700) },
      { name: 'b', content: 'B'.repeat(1300) },
      { name: 'c', content: 'C' },
    );
    for (const readUntil of [0, 1, 2, 99]) {
      const seen: string[] = [];
      for await (const { entry, content } of readTar(cut(archive, 64))) {
        let chunks = 0;
        for await (const _chunk of content) if (++chunks >= readUntil) break;
        seen.push(entry.path);
        if (entry.path === 'c' && readUntil === 0) seen.push(await text(content));
      }
      expect(seen.slice(0, 3)).toEqual(['a', 'b', 'c']);
    }
  });
});

describe('unsafe members', () => {
  it.each(['/etc/passwd', '../up', 'a/../../up', 'a/..', '..', './../x', '//x', '', '.', './'])(
    'with the path "%s" are refused',
    async (path) => {
      expect(await outcome(raw({ name: path }))).toBe('TAR_UNSAFE_PATH');
      expect(await outcome(raw(pax(record('path', path || './')), { name: 'harmless' }))).toBe(
        'TAR_UNSAFE_PATH',
      );
      expect(
        await outcome(raw({ name: 'L', type: 'L', content: path }, { name: 'harmless' })),
      ).toBe('TAR_UNSAFE_PATH');
    },
  );

  it('with names that are NUL-ridden or no UTF-8 are refused', async () => {
    expect(await outcome(raw(pax(record('path', 'a\0b')), { name: 'x' }))).toBe('TAR_UNSAFE_PATH');
    expect(await outcome(raw(pax(record('linkpath', 'a\0b')), { name: 'x', type: '2' }))).toBe(
      'TAR_UNSAFE_PATH',
    );
    expect(await outcome(raw({ name: Buffer.of(0x61, 0xff) }))).toBe('TAR_UNSAFE_PATH');
  });

  it.each(['/etc/passwd', '../x', 'a/../../b'])(
    'hard linked to "%s" are refused',
    async (target) => {
      expect(await outcome(raw({ name: 'x', type: '1', link: target }))).toBe('TAR_UNSAFE_PATH');
    },
  );

  it('that link nowhere are refused', async () => {
    expect(await outcome(raw({ name: 'x', type: '2' }))).toBe('TAR_UNSAFE_PATH');
    expect(await outcome(raw({ name: 'x', type: '1' }))).toBe('TAR_UNSAFE_PATH');
  });

  const inside = { links: 'inside' } as const;
  const tar = (...list: readonly TarEntry[]): Uint8Array =>
    tarBytes(list.map((entry) => ({ entry, content: Buffer.alloc(0) })));

  it.each(['..', '../x', 'a/../../x', './../../x'])(
    'linked out by "%s" are refused where links must stay inside',
    async (target) => {
      expect(await outcome(tar(symlinkEntry('link', target)))).toBe('link');
      expect(await outcome(tar(symlinkEntry('link', target)), inside)).toBe('TAR_UNSAFE_PATH');
      expect(await outcome(tar(symlinkEntry('d/e/link', '../../x')), inside)).toBe('d/e/link');
    },
  );

  it('linked to an absolute target stay inside only as far as that does', async () => {
    expect(await outcome(tar(symlinkEntry('link', '/usr/lib')), inside)).toBe('link');
    expect(await outcome(tar(symlinkEntry('a/b/link', '/../x')), inside)).toBe('TAR_UNSAFE_PATH');
  });

  it('that pass through an earlier link or file are refused where links must stay inside', async () => {
    const through = tar(symlinkEntry('lib', 'usr/lib'), fileEntry('lib/evil', 0));
    expect(await outcome(through)).toBe('lib lib/evil');
    expect(await outcome(through, inside)).toBe('TAR_UNSAFE_PATH');
    expect(await outcome(tar(fileEntry('f', 0), fileEntry('f/x', 0)), inside)).toBe(
      'TAR_UNSAFE_PATH',
    );
    expect(
      await outcome(tar(symlinkEntry('s', '/etc'), hardlinkEntry('h', 's/shadow')), inside),
    ).toBe('TAR_UNSAFE_PATH');
    expect(await outcome(tar(directoryEntry('d'), fileEntry('d/x', 0)), inside)).toBe('d d/x');
  });

  it('that come twice are refused where asked for', async () => {
    const twice = tar(fileEntry('a', 0), directoryEntry('b'), fileEntry('a', 0));
    expect(await outcome(twice)).toBe('a b a');
    expect(await outcome(twice, { duplicates: 'refuse' })).toBe('TAR_DUPLICATE_ENTRY');
    expect(await outcome(raw({ name: 'a' }, { name: './a' }), { duplicates: 'refuse' })).toBe(
      'TAR_DUPLICATE_ENTRY',
    );
  });
});

describe('damage', () => {
  const archive = Buffer.concat([
    Buffer.from(printHeader(fileEntry('é', 1000))),
    Buffer.alloc(1024, 'c'),
    raw({ name: 'b', content: 'B' }),
    Buffer.alloc(1024),
  ]);

  it('by truncation is found everywhere but where a member ends', async () => {
    const ends = new Map([
      [0, ''],
      [2560, 'é'],
      [3584, 'é b'],
      [4096, 'é b'],
      // Of the blocks that end the archive the second tells nothing new.
      [4097, 'é b'],
      [4607, 'é b'],
      [4608, 'é b'],
    ]);
    const boundaries = Array.from({ length: 10 }, (_, i) => i * 512);
    const sizes = boundaries.flatMap((size) => [size - 1, size, size + 1]);
    for (const size of sizes.filter((n) => n >= 0 && n <= archive.length)) {
      expect(await outcome(archive.subarray(0, size))).toBe(ends.get(size) ?? 'TAR_TRUNCATED');
    }
  });

  it('of a single byte in a header is found by its checksum', async () => {
    const whole = raw({ name: 'name', content: 'x' });
    const property = fc.asyncProperty(
      fc.nat({ max: 511 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, flip) => {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        const inChecksumPadding = at >= 154 && at < 156;
        expect(await outcome(damaged)).toMatch(inChecksumPadding ? /./ : /^TAR_/);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it('never makes reading crash or hang', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 512 }),
      fc.nat({ max: 3000 }),
      async (noise, at) => {
        const damaged = Buffer.from(archive);
        Buffer.from(noise).copy(damaged, at);
        if (at % 2 === 0)
          for (const start of [0, 512, 2560]) seal(damaged.subarray(start, start + 512));
        expect(await outcome(damaged)).toMatch(/^(TAR_[A-Z_]+|.*)$/s);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it.each([
    [
      'a link with content',
      raw({ name: 'x', type: '2', link: 'y', size: 5, content: 'abcde' }),
      'TAR_CORRUPT',
    ],
    [
      'a directory with content',
      raw({ name: 'x', type: '5', size: 5, content: 'abcde' }),
      'TAR_CORRUPT',
    ],
    ['a negative size', raw({ name: 'x', fields: { 124: Buffer.alloc(12, 0xff) } }), 'TAR_CORRUPT'],
    [
      'a size past 2^53',
      raw({ name: 'x', fields: { 124: Buffer.from('80ffffffffffffffffffffff', 'hex') } }),
      'TAR_CORRUPT',
    ],
    [
      'a size that is no number',
      raw({ name: 'x', fields: { 124: 'twelve bytes' } }),
      'TAR_CORRUPT',
    ],
    [
      'a size larger than what follows',
      raw({ name: 'x', size: 600, content: 'x' }),
      'TAR_TRUNCATED',
    ],
    ['an unknown type', raw({ name: 'x', type: 'S' }), 'TAR_TYPE_UNSUPPORTED'],
    ['an extended header and no member', raw(pax(record('path', 'x'))), 'TAR_TRUNCATED'],
    [
      'a record that is too long',
      raw(pax(Buffer.from('99 path=x\n')), { name: 'x' }),
      'TAR_CORRUPT',
    ],
    [
      'a record that is too short',
      raw(pax(Buffer.from('5 path=x\n')), { name: 'x' }),
      'TAR_CORRUPT',
    ],
    ['a record without a key', raw(pax(Buffer.from('5 =x\n')), { name: 'x' }), 'TAR_CORRUPT'],
    ['a record of length zero', raw(pax(Buffer.from('0 path=x\n')), { name: 'x' }), 'TAR_CORRUPT'],
    [
      'a record size that is no number',
      raw(pax(record('size', '1e3')), { name: 'x' }),
      'TAR_CORRUPT',
    ],
    ['a path for all members', raw(global(record('path', 'x')), { name: 'y' }), 'TAR_CORRUPT'],
    ['a size for all members', raw(global(record('size', '0')), { name: 'y' }), 'TAR_CORRUPT'],
    ['a sparse member', raw(pax(record('GNU.sparse.major', '1')), { name: 'x' }), 'TAR_CORRUPT'],
    [
      'a member behind the end',
      Buffer.concat([Buffer.alloc(1024), raw({ name: 'hidden' })]),
      'TAR_CORRUPT',
    ],
  ])('as %s is refused', async (_what, bytes, code) => {
    expect(await outcome(bytes)).toBe(code);
  });
});

describe('limits', () => {
  it.each([
    ['members', raw({ name: 'a' }, { name: 'b' }, { name: 'c' }), { entriesMax: 2 }],
    ['bytes of a path', raw({ name: 'a'.repeat(11) }), { pathBytesMax: 10 }],
    ['bytes of a target', raw({ name: 'a', type: '2', link: 'é'.repeat(6) }), { pathBytesMax: 10 }],
    [
      'bytes of an extended header',
      raw(pax(record('comment', 'x'.repeat(600))), { name: 'a' }),
      { paxBytesMax: 512 },
    ],
    [
      'extended headers before one member',
      raw(...Array.from({ length: 3000 }, () => pax()), { name: 'a' }),
      {},
    ],
    [
      'extended headers of the archive',
      raw(
        ...Array.from({ length: 10 }, () => [
          pax(record('comment', 'x'.repeat(500))),
          { name: 'a' },
        ]).flat(),
      ),
      { paxTotalBytesMax: 9000 },
    ],
    [
      'bytes of content to come',
      raw({ name: 'a', size: 2 ** 32, content: 'x' }),
      { totalBytesMax: 2 ** 32 },
    ],
    ['bytes of zeros at the end', Buffer.alloc(100_000), { totalBytesMax: 10_240 }],
  ])('hold for %s', async (_what, archive, limits) => {
    expect(await outcome(archive, { limits })).toBe('TAR_TOO_LARGE');
  });
});
