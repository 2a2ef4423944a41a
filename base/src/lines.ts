import { isUtf8 } from 'node:buffer';

/**
 * The lines of a stream of UTF-8 text, without their ends (`\n` or `\r\n`); empty ones too, but none after a last line end. At most
 * one line is in memory. Throws what `tooLong` gives for a line of more than `bytesMax` bytes, and what `notUtf8` gives, where that is
 * there, for bytes that are no UTF-8; otherwise U+FFFD stands for them.
 */
export async function* linesOf(
  source: AsyncIterable<Uint8Array>,
  bytesMax: number,
  tooLong: () => Error,
  notUtf8?: () => Error,
): AsyncIterable<string> {
  let parts: Uint8Array[] = [];
  let held = 0;
  const hold = (bytes: Uint8Array): void => {
    held += bytes.length;
    if (held > bytesMax) throw tooLong();
    parts.push(bytes);
  };
  const take = (): string => {
    const bytes = Buffer.concat(parts);
    if (notUtf8 !== undefined && !isUtf8(bytes)) throw notUtf8();
    const text = bytes.toString('utf8');
    parts = [];
    held = 0;
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  };
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      hold(chunk.subarray(from, end));
      yield take();
      from = end + 1;
    }
    if (from < chunk.length) hold(chunk.subarray(from));
  }
  if (held > 0) yield take();
}
