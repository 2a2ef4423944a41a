import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unxz } from './stream.ts';

function xz(content: Uint8Array, ...options: readonly string[]): Buffer {
  return execFileSync('xz', ['--stdout', '--compress', ...options], {
    input: content,
    maxBuffer: 2 ** 28,
  });
}

async function content(bytes: Uint8Array, chunkBytes = 4096): Promise<Buffer> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of unxz(pieces())) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const program = readFileSync(process.execPath).subarray(0, 2 ** 20);
const noise = Buffer.from(
  Array.from({ length: 300_000 }, (_, i) => Math.imul(i * i + 7, 2654435761) >>> 24),
);

test.each<[string, Uint8Array, readonly string[]]>([
  ['nothing', new Uint8Array(0), []],
  ['one byte', Buffer.of(7), []],
  ['a program', program, ['-6']],
  ['a program, as small as can be', program, ['-9e']],
  ['a program in a small dictionary', program, ['--lzma2=dict=4KiB,lc=0,lp=4,pb=4']],
  ['a program with other odds', program, ['--lzma2=dict=1MiB,lc=4,lp=0,pb=0', '--check=crc32']],
  ['a program in blocks', program, ['--block-size=300000', '--threads=2', '--check=sha256']],
  ['what cannot be compressed', noise, ['--check=none']],
  [
    'more than the dictionary holds',
    Buffer.concat([noise, program, noise, program, program]),
    ['--lzma2=dict=64KiB'],
  ],
  ['both in turn', Buffer.concat([noise, program, noise, program]), []],
])('%s comes back as it was', async (_what, bytes, options) => {
  const packed = xz(bytes, ...options);
  expect((await content(packed)).equals(bytes)).toBe(true);
});

test('streams are joined, whatever zeros are between them', async () => {
  const both = Buffer.concat([xz(Buffer.from('one')), Buffer.alloc(8), xz(Buffer.from('two'))]);
  expect((await content(both, 1)).toString()).toBe('onetwo');
});

test('whatever is compressed comes back', async () => {
  const texts = fc.array(fc.constantFrom('a', 'ab', 'abc', '\0', 'longer words', 'x'.repeat(300)), {
    maxLength: 200,
  });
  const sound = fc.asyncProperty(texts, async (words) => {
    const bytes = Buffer.from(words.join(''));
    expect((await content(xz(bytes, '-0'))).equals(bytes)).toBe(true);
  });
  const outcome = await fc.check(sound, { numRuns: 40 });
  expect(outcome.failed).toBe(false);
});

test('a filter for machine code is refused', async () => {
  await expect(
    content(xz(program.subarray(0, 9999), '--x86', '--lzma2=dict=4KiB')),
  ).rejects.toMatchObject({
    code: 'XZ_UNSUPPORTED',
  });
});

test('what was changed anywhere is refused, or is where nothing reads', async () => {
  const bytes = Buffer.from('a text that is long enough to be compressed, compressed, compressed');
  const packed = xz(bytes);
  for (let at = 0; at < packed.length; at++) {
    const changed = Buffer.from(packed);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    await expect(content(changed)).rejects.toMatchObject({
      code: expect.stringMatching(/^XZ_(?:CORRUPT|UNSUPPORTED|TOO_LARGE)$/),
    });
    await expect(content(packed.subarray(0, at))).rejects.toMatchObject({ code: 'XZ_CORRUPT' });
  }
});
