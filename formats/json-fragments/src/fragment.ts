import { KilnError, shorten } from '@kiln/base';

/**
 * What one place adds to a document: for each of the document's lists its elements as JSON, every one with a comma before it.
 * So what stands in a list is joined by concatenation, wherever it comes from.
 */
export type Fragment = readonly Uint8Array[];

/** A fragment of elements that are JSON already. */
export function fragmentOf(lists: readonly (readonly string[])[]): Fragment {
  const encoder = new TextEncoder();
  return lists.map((elements) => encoder.encode(elements.map((one) => `,${one}`).join('')));
}

/** Longer than the longest first line. */
const headBytesMax = 256;

/**
 * A fragment as one blob: a line of ASCII with the format's name and the length of each part in bytes, then the parts.
 * `format` has no white space; another version of a format has another name.
 */
export function printFragment(format: string, fragment: Fragment): Uint8Array {
  const head = `${[format, ...fragment.map((part) => part.length)].join(' ')}\n`;
  return Buffer.concat([new TextEncoder().encode(head), ...fragment]);
}

/** The parts are views of `bytes`. Throws `FRAGMENT_INVALID` for another format and where lengths do not add up. */
export function parseFragment(format: string, bytes: Uint8Array): Fragment {
  const end = bytes.subarray(0, headBytesMax).indexOf(0x0a);
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.max(end, 0)).toString('latin1');
  const [name, ...lengths] = head.split(' ');
  if (name !== format || !lengths.every((length) => /^(?:0|[1-9]\d{0,9})$/.test(length)))
    throw invalid(`it begins with "${shorten(head)}", not with ${format}`);
  const parts: Uint8Array[] = [];
  let at = end + 1;
  for (const length of lengths) {
    parts.push(bytes.subarray(at, at + Number(length)));
    at += Number(length);
  }
  if (at !== bytes.length) throw invalid(`it has ${bytes.length} bytes, expected ${at}`);
  return parts;
}

function invalid(why: string): KilnError {
  return new KilnError('FRAGMENT_INVALID', `not a kept part of a document: ${why}`);
}
