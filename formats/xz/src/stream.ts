import { crc32 } from 'node:zlib';
import { ByteReader } from '@kiln/base';
import {
  blockContent,
  expectZeros,
  readNumber,
  type BlockContext,
  type BlockSizes,
} from './block.ts';
import { corrupt, defaultXzLimits, unsupported, type XzLimits } from './limits.ts';
import { exactly } from './lzma2.ts';

const magic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const footerMagic = Buffer.from('YZ');

/** Whether a file that begins so is an xz file. */
export function isXz(start: Uint8Array): boolean {
  return magic.equals(start.subarray(0, magic.length));
}

/**
 * The content of an xz file (format 1.1.0), of all its streams in order. What was given out counts only when the end came
 * without an error: until then its check was not seen. Throws `XZ_CORRUPT`, `XZ_UNSUPPORTED` for filters other than
 * LZMA2, and `XZ_TOO_LARGE` above the limits.
 */
export async function* unxz(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  options: Partial<XzLimits> = {},
): AsyncGenerator<Uint8Array> {
  const limits = { ...defaultXzLimits, ...options };
  const input = new ByteReader(source);
  let left = limits.outputBytesMax;
  try {
    for (let first = true; first || (await skipPadding(input)); first = false) {
      const flags = await readStreamHeader(input);
      const context: BlockContext = { input, limits, check: (flags[1] ?? 0) & 15, left };
      yield* streamContent(context, flags);
      left = context.left;
    }
  } finally {
    await input.close();
  }
}

async function* streamContent(context: BlockContext, flags: Buffer): AsyncGenerator<Uint8Array> {
  const blocks: BlockSizes[] = [];
  for (;;) {
    const [firstByte = 0] = await exactly(context.input, 1);
    if (firstByte === 0) break;
    blocks.push(yield* blockContent(context, firstByte));
  }
  const indexBytes = await verifyIndex(context.input, blocks);
  await verifyFooter(context.input, indexBytes, flags);
}

async function readStreamHeader(input: ByteReader): Promise<Buffer> {
  const header = Buffer.from(await exactly(input, 12));
  if (!isXz(header)) throw corrupt('not an xz file');
  const flags = header.subarray(6, 8);
  if (header.readUInt32LE(8) !== crc32(flags)) throw corrupt('xz header does not match its check');
  if (flags[0] !== 0 || (flags[1] ?? 0) > 15) throw unsupported('xz header has unknown flags');
  return flags;
}

/** The index behind the blocks says their sizes again. Returns how many bytes it has. */
async function verifyIndex(input: ByteReader, blocks: readonly BlockSizes[]): Promise<number> {
  let sum = crc32(Buffer.of(0));
  let size = 1;
  const seen = (bytes: Uint8Array): void => {
    sum = crc32(bytes, sum);
    size += bytes.length;
  };
  const numbers = [
    blocks.length,
    ...blocks.flatMap(({ unpadded, content }) => [unpadded, content]),
  ];
  for (const expected of numbers)
    if ((await readNumber(input, seen)) !== expected)
      throw corrupt('xz index does not match its blocks');
  const padding = -size & 3;
  await expectZeros(input, padding);
  seen(new Uint8Array(padding));
  if (Buffer.from(await exactly(input, 4)).readUInt32LE(0) !== sum)
    throw corrupt('xz index does not match its check');
  return size + 4;
}

async function verifyFooter(input: ByteReader, indexBytes: number, flags: Buffer): Promise<void> {
  const footer = Buffer.from(await exactly(input, 12));
  const holds =
    footer.readUInt32LE(0) === crc32(footer.subarray(4, 10)) &&
    (footer.readUInt32LE(4) + 1) * 4 === indexBytes &&
    footer.subarray(8, 10).equals(flags) &&
    footer.subarray(10).equals(footerMagic);
  if (!holds) throw corrupt('xz footer does not match its stream');
}

/** Between streams there may be zeros, four at a time. False at the end. */
async function skipPadding(input: ByteReader): Promise<boolean> {
  for (;;) {
    const word = await input.take(4);
    if (word.length === 0) return false;
    if (word.length < 4) throw corrupt('xz file has something behind its end');
    if (word.some((byte) => byte !== 0)) {
      input.giveBack(word);
      return true;
    }
  }
}
