import { randomBytes } from 'node:crypto';
import { crc32, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gzipBytes } from './compress.ts';
import type { GzipLimits } from './limits.ts';
import { gunzipBytes, memberStart, splitMembers } from './split.ts';
import { gunzip, readMembers } from './stream.ts';

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function joined(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What reading gives: the content, or the code of the error; streamed and at once must agree. */
async function read(bytes: Uint8Array, limits: Partial<GzipLimits> = {}): Promise<string> {
  const streamed = await joined(gunzip(cut(bytes, 100), limits)).then(
    (b) => b.toString('latin1'),
    codeOf,
  );
  let atOnce: string;
  try {
    atOnce = Buffer.from(gunzipBytes(bytes, limits)).toString('latin1');
  } catch (error) {
    atOnce = codeOf(error);
  }
  expect(streamed).toBe(atOnce);
  return streamed;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') throw error;
  return code;
}

const two = Buffer.concat([gzipBytes(Buffer.from('first')), gzipBytes(Buffer.from('second one'))]);

describe('members', () => {
  it('are found at their offsets with content and compressed bytes, however the stream is cut', async () => {
    const contents = [
      Buffer.from('a'),
      randomBytes(100_000),
      Buffer.alloc(0),
      Buffer.alloc(200_000, 'ab'),
    ];
    const parts = contents.map((content) => Buffer.from(gzipBytes(content)));
    const file = Buffer.concat(parts);
    expect(splitMembers(file).map((m) => m.compressed.length)).toEqual(parts.map((p) => p.length));
    for (const size of [13, 1000, 65_536, file.length]) {
      const compressed: Uint8Array[][] = parts.map(() => []);
      const onCompressed = (bytes: Uint8Array, index: number): void =>
        void compressed[index]?.push(Buffer.from(bytes));
      let offset = 0;
      for await (const member of readMembers(cut(file, size), { onCompressed })) {
        expect(member.offset).toBe(offset);
        offset += parts[member.index]?.length ?? 0;
        expect((await joined(member.content)).equals(contents[member.index] ?? file)).toBe(true);
      }
      compressed.forEach((chunks, i) =>
        expect(Buffer.concat(chunks).equals(parts[i] ?? file)).toBe(true),
      );
    }
  });

  it('may be skipped or left half read', async () => {
    const file = Buffer.concat([
      gzipBytes(randomBytes(300_000)),
      gzipBytes(randomBytes(300_000)),
      two,
    ]);
    const seen: string[] = [];
    for await (const member of readMembers(cut(file, 5000))) {
      if (member.index === 0) continue;
      if (member.index === 1) for await (const _chunk of member.content) break;
      else seen.push((await joined(member.content)).toString());
    }
    expect(seen).toEqual(['first', 'second one']);
  });

  it('with name, comment, extra field and header checksum are read', async () => {
    const body = gzipBytes(Buffer.from('content')).subarray(10);
    const fields = [
      Buffer.of(3, 0, 1, 2, 3),
      Buffer.from('name\0'),
      Buffer.from('comment\0'),
      Buffer.of(0, 0),
    ];
    const header = Buffer.from('1f8b081e00096e880003', 'hex');
    expect(await read(Buffer.concat([header, ...fields, body]))).toBe('content');
    expect(await read(gzipSync('from elsewhere'))).toBe('from elsewhere');
  });
});

describe('hostile input', () => {
  it('is refused at every truncation', async () => {
    const boundary = splitMembers(two)[1]?.offset;
    for (let size = 0; size < two.length; size++) {
      expect(await read(two.subarray(0, size))).toBe(
        size === boundary ? 'first' : 'GZIP_TRUNCATED',
      );
    }
  });

  it('never gives other content than was compressed', async () => {
    const content = 'some content, some content';
    const whole = gzipBytes(Buffer.from(content));
    const property = fc.asyncProperty(
      fc.nat({ max: whole.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, flip) => {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        expect([content, 'GZIP_CORRUPT', 'GZIP_TRUNCATED', 'GZIP_TOO_LARGE']).toContain(
          await read(damaged),
        );
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it('is refused when something that is no member follows', async () => {
    expect(await read(Buffer.concat([two, Buffer.from('x')]))).toBe('GZIP_CORRUPT');
    expect(await read(Buffer.concat([two, Buffer.alloc(512)]))).toBe('GZIP_CORRUPT');
    expect(await read(Buffer.from('plain text'))).toBe('GZIP_CORRUPT');
  });

  it('is refused when the recorded length lies', async () => {
    const lying = Buffer.from(gzipBytes(Buffer.from('abc')));
    lying.writeUInt32LE(4, lying.length - 4);
    expect(await read(lying)).toBe('GZIP_CORRUPT');
    expect(lying.readUInt32LE(lying.length - 8)).toBe(crc32('abc'));
  });

  it('does not get past the limits on content, members and headers', async () => {
    const bomb = gzipBytes(Buffer.alloc(50 * 2 ** 20));
    expect(bomb.length).toBeLessThan(60_000);
    expect(await read(bomb, { outputBytesMax: 2 ** 20 })).toBe('GZIP_TOO_LARGE');
    expect(await read(two, { outputBytesMax: 15 })).toBe('firstsecond one');
    expect(await read(two, { outputBytesMax: 14 })).toBe('GZIP_TOO_LARGE');
    const many = Buffer.concat(Array.from({ length: 30 }, () => gzipBytes(new Uint8Array(0))));
    expect(await read(many, { membersMax: 29 })).toBe('GZIP_TOO_LARGE');
    const endlessName = Buffer.concat([
      Buffer.from('1f8b0808000000000003', 'hex'),
      Buffer.alloc(200_000, 'n'),
    ]);
    expect(await read(endlessName)).toBe('GZIP_TOO_LARGE');
  });

  it('gives out no more than the limit before it fails', async () => {
    let size = 0;
    const reading = (async () => {
      for await (const chunk of gunzip(gzipBytes(Buffer.alloc(2 ** 22)), {
        outputBytesMax: 100_000,
      }))
        size += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'GZIP_TOO_LARGE' });
    expect(size).toBeLessThanOrEqual(100_000);
  });
});

describe('a look at the start of a member', () => {
  const content = Buffer.from(Array.from({ length: 5000 }, (_, i) => `${i * i} `).join(''));
  const member = gzipBytes(content);

  it('has the first of the content, and all of a short one', () => {
    const start = Buffer.from(memberStart(member, 500));
    expect(start.length).toBeGreaterThan(500);
    expect(start.length).toBeLessThan(content.length);
    expect(content.subarray(0, start.length).equals(start)).toBe(true);
    expect(Buffer.from(memberStart(two, 1000)).toString()).toBe('first');
  });

  it.each([
    ['no gzip', Buffer.from('plain text'), 'GZIP_CORRUPT'],
    ['half a header', member.subarray(0, 5), 'GZIP_TRUNCATED'],
    ['no deflate', Buffer.concat([member.subarray(0, 10), Buffer.alloc(40, 0xff)]), 'GZIP_CORRUPT'],
  ])('refuses %s', (_what, bytes, code) => {
    expect(() => memberStart(bytes, 100)).toThrow(expect.objectContaining({ code }));
  });
});
