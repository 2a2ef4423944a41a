/** The part of DER (X.690) that certificates need: each function gives one whole element. */

export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export function sequence(...content: readonly Uint8Array[]): Buffer {
  return element(0x30, ...content);
}

/** `[tag]` around an element. */
export function tagged(tag: number, content: Uint8Array): Buffer {
  return element(0xa0 | tag, content);
}

/** A number of at most 127, or the bytes of one that is not negative, most significant first. */
export function integer(value: number | Uint8Array): Buffer {
  return element(0x02, typeof value === 'number' ? Buffer.from([value]) : value);
}

/** `1.2.840.10045.4.3.2`; parts below 2^28. */
export function objectIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(part: number): number[] {
  const bytes = [part & 0x7f];
  for (let left = part >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return element(0x03, Buffer.from([unusedBits]), bytes);
}

export function octetString(bytes: Uint8Array): Buffer {
  return element(0x04, bytes);
}

export function utf8String(text: string): Buffer {
  return element(0x0c, Buffer.from(text));
}

/** `YYMMDDhhmmssZ`, the years 1950 to 2049. */
export function utcTime(text: string): Buffer {
  return element(0x17, Buffer.from(text, 'latin1'));
}

export const yes: Buffer = element(0x01, Buffer.from([0xff]));
