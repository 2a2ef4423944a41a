import type { ByteReader } from '@kiln/base';
import { corrupt } from './limits.ts';
import { LzmaDecoder, lzmaProperties, type LzmaProperties } from './lzma.ts';
import { Window } from './window.ts';

/** What one chunk gives at most. */
const chunkBytesMax = 2 * 2 ** 20;

export async function exactly(input: ByteReader, count: number): Promise<Uint8Array> {
  const bytes = await input.take(count);
  if (bytes.length < count) throw corrupt('xz file ends early');
  return bytes;
}

/** The content of a block, chunk by chunk (LZMA2). Throws `XZ_CORRUPT`. */
export async function* lzma2Content(
  input: ByteReader,
  dictionaryBytes: number,
): AsyncGenerator<Uint8Array> {
  const window = new Window(dictionaryBytes, chunkBytesMax);
  let decoder: LzmaDecoder | undefined;
  for (let first = true; ; first = false) {
    const control = (await exactly(input, 1))[0] ?? 0;
    if (control === 0) return;
    const resetsWindow = control === 1 || control >= 0xe0;
    if ((first && !resetsWindow) || (control > 2 && control < 0x80))
      throw corrupt('xz block has an impossible chunk');
    if (resetsWindow) window.reset();
    if (control < 0x80) {
      const start = window.open(chunkBytesMax);
      window.write(await exactly(input, await size16(input)));
      yield window.since(start);
      // What comes behind has to begin anew.
      if (control === 1) decoder = undefined;
      continue;
    }
    const head = await exactly(input, 4);
    const count = ((control & 0x1f) << 16) + ((head[0] ?? 0) << 8) + (head[1] ?? 0) + 1;
    const packed = ((head[2] ?? 0) << 8) + (head[3] ?? 0) + 1;
    decoder = await decoderFor(control, decoder, input);
    const start = window.open(count);
    decoder.decode(await exactly(input, packed), window, count);
    yield window.since(start);
  }
}

async function size16(input: ByteReader): Promise<number> {
  const head = await exactly(input, 2);
  return ((head[0] ?? 0) << 8) + (head[1] ?? 0) + 1;
}

/** Goes on with what was remembered, forgets it, or takes new properties as well. */
async function decoderFor(
  control: number,
  before: LzmaDecoder | undefined,
  input: ByteReader,
): Promise<LzmaDecoder> {
  const reset = (control >> 5) & 3;
  if (reset >= 2) return new LzmaDecoder(await readProperties(input));
  if (before === undefined) throw corrupt('xz chunk goes on with nothing');
  return reset === 1 ? new LzmaDecoder(before.properties) : before;
}

async function readProperties(input: ByteReader): Promise<LzmaProperties> {
  return lzmaProperties((await exactly(input, 1))[0] ?? 0);
}
