import { KilnError, shorten } from '@kiln/base';

export interface StrictJsonOptions {
  /** The code of every failure. */
  readonly code: string;
  /** What the document is, for messages: `statement`. */
  readonly what: string;
  readonly sizeBytesMax: number;
  readonly depthMax: number;
}

/**
 * Reads one JSON document (RFC 8259) from UTF-8 bytes. Stricter than `JSON.parse` where two readers could see two
 * documents: invalid UTF-8, a byte order mark and a repeated member name are refused. Throws `options.code`.
 */
export function parseStrictJson(bytes: Uint8Array, options: StrictJsonOptions): unknown {
  const fail = (reason: string, cause?: unknown): KilnError =>
    new KilnError(options.code, `${options.what}: ${reason}`, { cause });
  if (bytes.length > options.sizeBytesMax) {
    throw fail(`${bytes.length} bytes are more than ${options.sizeBytesMax}`);
  }
  const text = decode(bytes, fail);
  checkDepth(text, options.depthMax, fail);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail('not JSON', error);
  }
  const repeated = repeatedMember(text);
  if (repeated !== undefined) throw fail(`member "${shorten(repeated)}" occurs twice`);
  return value;
}

function decode(bytes: Uint8Array, fail: (reason: string, cause?: unknown) => KilnError): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw fail('not UTF-8', error);
  }
}

/** Code units. */
const quote = 0x22;
const comma = 0x2c;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/** The index after the closing quote of the string that opens at `start`, or the end of the text. Linear in the text. */
function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return at + 1;
  }
  return text.length;
}

/** Also for text that need not be JSON. */
function checkDepth(text: string, depthMax: number, fail: (reason: string) => KilnError): void {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === quote) at = stringEnd(text, at) - 1;
    else if (character === openObject || character === openArray) depth += 1;
    else if (character === closeObject || character === closeArray) depth -= 1;
    if (depth > depthMax) throw fail(`nested deeper than ${depthMax}`);
  }
}

/** The first member name that occurs twice in one object of this well-formed JSON text. */
function repeatedMember(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let names: Set<string> | undefined;
  let nameNext = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === quote) {
      const end = stringEnd(text, at);
      if (nameNext && names !== undefined) {
        const name = nameOf(text, at, end);
        if (names.has(name)) return name;
        names.add(name);
      }
      nameNext = false;
      at = end - 1;
    } else if (character === openObject || character === openArray) {
      open.push(names);
      names = character === openObject ? new Set() : undefined;
      nameNext = character === openObject;
    } else if (character === closeObject || character === closeArray) {
      names = open.pop();
      nameNext = false;
    } else if (character === comma) nameNext = true;
  }
  return undefined;
}

/** The value of the string between these indices, quotes included. */
function nameOf(text: string, start: number, end: number): string {
  const name = text.slice(start + 1, end - 1);
  return name.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : name;
}
