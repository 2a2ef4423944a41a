import { KilnError, shorten } from '@kiln/base';

/** Fields by name in lower case; values of several lines keep their line breaks, continuation blanks removed. */
export type Stanza = ReadonlyMap<string, string>;

/** Bounds on what is read. */
export interface StanzaLimits {
  /** Characters of one stanza; default 4 MiB. */
  readonly stanzaChars: number;
  readonly stanzas: number;
}

export const defaultStanzaLimits: StanzaLimits = { stanzaChars: 4 * 2 ** 20, stanzas: 1_000_000 };

/**
 * The stanzas of a control file (deb822): `Name: value` lines, continuation lines that begin with a blank,
 * comment lines that begin with `#`, stanzas parted by empty lines. OpenPGP armour around them is not understood.
 * Throws `DEB822_INVALID` for other lines and repeated fields, `DEB822_TOO_LARGE`.
 */
export function parseStanzas(text: string, limits: StanzaLimits = defaultStanzaLimits): Stanza[] {
  const stanzas: Stanza[] = [];
  for (const block of text.split(/\n(?:[ \t\r]*\n)+/)) {
    const stanza = parseBlock(block, limits);
    if (stanza !== undefined) stanzas.push(stanza);
    if (stanzas.length > limits.stanzas) throw tooLarge();
  }
  return stanzas;
}

/** The same from a stream, one stanza at a time. Stanzas are parted by really empty lines here. */
export async function* readStanzas(
  source: AsyncIterable<Uint8Array>,
  limits: StanzaLimits = defaultStanzaLimits,
): AsyncGenerator<Stanza> {
  const decoder = new TextDecoder();
  let pending = '';
  let count = 0;
  for await (const chunk of source) {
    const blocks = (pending + decoder.decode(chunk, { stream: true })).split('\n\n');
    pending = blocks.pop() ?? '';
    if (pending.length > limits.stanzaChars) throw tooLarge();
    for (const block of blocks) {
      const stanza = parseBlock(block, limits);
      if (stanza !== undefined) yield stanza;
      count += 1;
      if (count > limits.stanzas) throw tooLarge();
    }
  }
  yield* parseStanzas(pending + decoder.decode(), limits);
}

/** A value that must be there. Throws `DEB822_INVALID`. */
export function field(stanza: Stanza, name: string): string {
  const value = stanza.get(name.toLowerCase());
  if (value === undefined) throw invalid(`the field "${name}" is missing`);
  return value;
}

function parseBlock(block: string, limits: StanzaLimits): Stanza | undefined {
  if (block.length > limits.stanzaChars) throw tooLarge();
  const fields = new Map<string, string>();
  let name = '';
  for (const line of block.split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (name === '') throw invalid(`a continuation without field: "${shorten(line)}"`);
      fields.set(name, `${fields.get(name) ?? ''}\n${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0 || /[^!-9;-~]/.test(line.slice(0, colon))) {
      throw invalid(`not a field: "${shorten(line)}"`);
    }
    name = line.slice(0, colon).toLowerCase();
    if (fields.has(name)) throw invalid(`the field "${shorten(name)}" occurs twice`);
    fields.set(name, line.slice(colon + 1).trim());
  }
  return fields.size === 0 ? undefined : fields;
}

function invalid(message: string): KilnError {
  return new KilnError('DEB822_INVALID', message);
}

function tooLarge(): KilnError {
  return new KilnError(
    'DEB822_TOO_LARGE',
    'a control file has more or longer stanzas than allowed',
  );
}
