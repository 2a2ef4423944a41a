import { crc32 } from 'node:zlib';
import type { ByteReader } from '@kiln/base';
import { checkOf } from './check.ts';
import { corrupt, tooLarge, unsupported, type XzLimits } from './limits.ts';
import { exactly, lzma2Content } from './lzma2.ts';

/** A block as the index counts it. */
export interface BlockSizes {
  /** Header, compressed content and check, without padding. */
  readonly unpadded: number;
  readonly content: number;
}

export interface BlockContext {
  readonly input: ByteReader;
  readonly limits: XzLimits;
  /** Kind of the check behind each block. */
  readonly check: number;
  /** Content that may still come. */
  left: number;
}

/** The content of a block whose first byte was read; returns its sizes when all of it was verified. */
export async function* blockContent(
  context: BlockContext,
  firstByte: number,
): AsyncGenerator<Uint8Array, BlockSizes> {
  const { input, limits } = context;
  const start = input.position - 1;
  const header = await readHeader(input, firstByte);
  const check = checkOf(context.check);
  if (header.dictionaryBytes > limits.dictionaryBytesMax)
    throw tooLarge(`xz dictionary of ${header.dictionaryBytes} bytes`);
  const contentStart = input.position;
  let content = 0;
  for await (const chunk of lzma2Content(input, header.dictionaryBytes)) {
    content += chunk.length;
    context.left -= chunk.length;
    if (context.left < 0)
      throw tooLarge(`xz content is larger than ${limits.outputBytesMax} bytes`);
    check.update(chunk);
    yield chunk;
  }
  const packed = input.position - contentStart;
  if ((header.packed ?? packed) !== packed || (header.content ?? content) !== content)
    throw corrupt('xz block has another size than its header says');
  const unpadded = input.position - start + check.sizeBytes;
  await expectZeros(input, -packed & 3);
  if (!check.holds(await exactly(input, check.sizeBytes)))
    throw corrupt('xz check does not match its content');
  return { unpadded, content };
}

export async function expectZeros(input: ByteReader, count: number): Promise<void> {
  if ((await exactly(input, count)).some((byte) => byte !== 0))
    throw corrupt('xz padding is not zero');
}

interface Header {
  readonly packed: number | undefined;
  readonly content: number | undefined;
  readonly dictionaryBytes: number;
}

const lzma2 = 0x21;

async function readHeader(input: ByteReader, firstByte: number): Promise<Header> {
  const size = (firstByte + 1) * 4;
  const bytes = Buffer.concat([Buffer.of(firstByte), await exactly(input, size - 1)]);
  if (bytes.readUInt32LE(size - 4) !== crc32(bytes.subarray(0, size - 4)))
    throw corrupt('xz block header does not match its check');
  const fields = new Fields(bytes.subarray(2, size - 4));
  const flags = bytes[1] ?? 0;
  if ((flags & 0x3c) !== 0) throw unsupported('xz block has unknown flags');
  const packed = (flags & 0x40) === 0 ? undefined : fields.number();
  const content = (flags & 0x80) === 0 ? undefined : fields.number();
  if ((flags & 3) !== 0 || fields.number() !== lzma2)
    throw unsupported('xz block has a filter other than LZMA2');
  if (fields.number() !== 1) throw corrupt('xz filter has other properties than LZMA2');
  return { packed, content, dictionaryBytes: dictionarySize(fields.byte()) };
}

/** Sizes are 2 or 3 times a power of two; 40 stands for all that 32 bits hold. */
function dictionarySize(code: number): number {
  if (code > 40) throw corrupt('xz dictionary has an impossible size');
  return code === 40 ? 2 ** 32 - 1 : (2 + (code & 1)) * 2 ** ((code >> 1) + 11);
}

const numberBytesMax = 7;

/** Bytes, and numbers in base 128 with the lowest digits first. */
class Fields {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw corrupt('xz block header ends early');
    return byte;
  }

  number(): number {
    let value = 0;
    for (let digit = 0; digit < numberBytesMax; digit++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 128 ** digit;
      if (byte < 0x80) return value;
    }
    throw corrupt('xz number is too large');
  }
}

/** The same numbers, out of a stream; `seen` takes their bytes. */
export async function readNumber(
  input: ByteReader,
  seen: (bytes: Uint8Array) => void,
): Promise<number> {
  let value = 0;
  for (let digit = 0; digit < numberBytesMax; digit++) {
    const bytes = await exactly(input, 1);
    seen(bytes);
    const byte = bytes[0] ?? 0;
    value += (byte & 0x7f) * 128 ** digit;
    if (byte < 0x80) return value;
  }
  throw corrupt('xz number is too large');
}
