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

/** The next string or punctuation at or after `from`, in text that need not be JSON yet. Linear in the text. */
function nextToken(text: string, from: number): { start: number; end: number } | undefined {
  for (let start = from; start < text.length; start += 1) {
    const character = text[start];
    if (character === '"') return { start, end: stringEnd(text, start) };
    if (character !== undefined && '{}[],'.includes(character)) return { start, end: start + 1 };
  }
  return undefined;
}

/** The index after the closing quote of the string that opens at `start`, or the end of the text. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

function checkDepth(text: string, depthMax: number, fail: (reason: string) => KilnError): void {
  let depth = 0;
  for (let token = nextToken(text, 0); token !== undefined; token = nextToken(text, token.end)) {
    const first = text[token.start];
    if (first === '{' || first === '[') depth += 1;
    else if (first === '}' || first === ']') depth -= 1;
    if (depth > depthMax) throw fail(`nested deeper than ${depthMax}`);
  }
}

/** The first member name that occurs twice in one object of this well-formed JSON text. */
function repeatedMember(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let nameNext = false;
  for (let token = nextToken(text, 0); token !== undefined; token = nextToken(text, token.end)) {
    const first = text[token.start];
    const names = open.at(-1);
    if (first === '{') open.push(new Set());
    else if (first === '[') open.push(undefined);
    else if (first === '}' || first === ']') open.pop();
    else if (first === '"' && nameNext && names !== undefined) {
      const name = JSON.parse(text.slice(token.start, token.end)) as string;
      if (names.has(name)) return name;
      names.add(name);
    }
    nameNext = first === '{' || first === ',';
  }
  return undefined;
}
