import type { Position } from '@kiln/base';
import { shorten } from '@kiln/base';
import { templateError } from './error.ts';

export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'field'
  | 'dot'
  | 'variable'
  | 'identifier'
  | 'keyword'
  | 'bool'
  | 'nil'
  | 'char'
  | 'number'
  | 'string'
  | 'raw'
  | 'pipe'
  | 'open'
  | 'close'
  | 'declare'
  | 'assign'
  | 'other'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly position: Position;
}

const keywords = new Set(
  ['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with'], //
);

const spaces = ' \t\r\n';

/**
 * The tokens of a template, one at a time, so that what is wrong first is reported first; the last one is `end`.
 * Spaces are tokens, because they separate arguments. Comments yield nothing, and trim markers act here alone.
 */
export function* tokensOf(text: string, file: string): Generator<Token, void> {
  yield* new Lexer(text, file).tokens();
}

class Lexer {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;
  #counted = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  *tokens(): Generator<Token, void> {
    let trim = false;
    while (this.#at < this.#text.length) {
      const open = this.#text.indexOf('{{', this.#at);
      yield* this.#plainText(open < 0 ? this.#text.length : open, trim);
      if (open < 0) break;
      const marker = this.#leftMarker(open + 2) ? 2 : 0;
      if (this.#text.startsWith('/*', open + 2 + marker)) {
        trim = this.#comment(open, open + 2 + marker);
        continue;
      }
      yield this.#take('left', 2);
      this.#at += marker;
      trim = yield* this.#action();
    }
    yield this.#take('end', 0);
  }

  /** The text up to a place, without the spaces that markers trim. */
  *#plainText(until: number, trimStart: boolean): Generator<Token, void> {
    let start = this.#at;
    let end = until;
    if (trimStart) while (start < end && this.#isSpaceAt(start)) start++;
    if (this.#leftMarker(until + 2)) while (end > start && this.#isSpaceAt(end - 1)) end--;
    this.#at = start;
    if (end > start) yield this.#take('text', end - start);
    this.#at = until;
  }

  /** Whether the comment trims what follows. */
  #comment(open: number, start: number): boolean {
    const close = this.#text.indexOf('*/', start + 2);
    if (close < 0) throw this.#invalid('a comment without an end', open);
    this.#at = close + 2;
    const delimiter = this.#rightDelimiter();
    if (delimiter === undefined)
      throw this.#invalid('a comment must stand alone in its braces', open);
    this.#at += delimiter.length;
    return delimiter.trims;
  }

  /** The tokens up to the right braces; returns whether they trim what follows. */
  *#action(): Generator<Token, boolean> {
    let depth = 0;
    for (;;) {
      const delimiter = this.#rightDelimiter();
      if (delimiter !== undefined) {
        if (depth > 0) throw this.#invalid('an open parenthesis');
        yield this.#take('right', delimiter.length);
        return delimiter.trims;
      }
      const token = this.#token();
      if (token.kind === 'open') depth++;
      if (token.kind === 'close' && --depth < 0)
        throw this.#invalid('an unexpected ")"', this.#at - 1);
      yield token;
    }
  }

  #rightDelimiter(): { readonly length: number; readonly trims: boolean } | undefined {
    if (this.#text.startsWith('}}', this.#at)) return { length: 2, trims: false };
    const marker = this.#isSpaceAt(this.#at) && this.#text.startsWith('-}}', this.#at + 1);
    return marker ? { length: 4, trims: true } : undefined;
  }

  #token(): Token {
    const rest = this.#at;
    const char = this.#charAt(rest);
    if (char === '') throw this.#invalid('an action without an end');
    if (this.#isSpaceAt(rest)) return this.#spaceToken();
    const kind = punctuation[char];
    if (kind !== undefined) return this.#take(kind, 1);
    if (char === ':') return this.#declaration();
    if (char === '"') return this.#quoted('string', '"');
    if (char === "'") return this.#quoted('char', "'");
    if (char === '`') return this.#rawString();
    if (char === '$' || (char === '.' && !/\d/.test(this.#charAt(rest + 1)))) return this.#name();
    if (/[-+.\d]/.test(char)) return this.#number();
    if (isAlphaNumeric(char)) return this.#word();
    if (/^[!-~]$/.test(char)) return this.#take('other', 1);
    throw this.#invalid(`unrecognized character "${shorten(char)}"`);
  }

  /** The last space before `-}}` belongs to the braces. */
  #spaceToken(): Token {
    let end = this.#at;
    while (this.#isSpaceAt(end)) end++;
    if (this.#text.startsWith('-}}', end)) end--;
    return this.#take('space', end - this.#at);
  }

  #declaration(): Token {
    if (this.#text[this.#at + 1] !== '=') throw this.#invalid('expected ":="');
    return this.#take('declare', 2);
  }

  #quoted(kind: 'string' | 'char', quote: string): Token {
    let end = this.#at + 1;
    for (; this.#text[end] !== quote; end++) {
      if (this.#text[end] === '\\') end++;
      if (end >= this.#text.length || this.#text[end] === '\n')
        throw this.#invalid(`a ${kind} without an end`);
    }
    return this.#take(kind, end + 1 - this.#at);
  }

  #rawString(): Token {
    const end = this.#text.indexOf('`', this.#at + 1);
    if (end < 0) throw this.#invalid('a string without an end');
    return this.#take('raw', end + 1 - this.#at);
  }

  /** `.`, `.Field`, `$` or `$variable`. */
  #name(): Token {
    const variable = this.#text[this.#at] === '$';
    const end = this.#wordEnd(this.#at + 1);
    this.#requireTerminator(end);
    const alone = end === this.#at + 1 && !variable;
    return this.#take(variable ? 'variable' : alone ? 'dot' : 'field', end - this.#at);
  }

  #word(): Token {
    const end = this.#wordEnd(this.#at);
    const word = this.#text.slice(this.#at, end);
    this.#requireTerminator(end);
    if (keywords.has(word)) return this.#take('keyword', word.length);
    if (word === 'true' || word === 'false') return this.#take('bool', word.length);
    return this.#take(word === 'nil' ? 'nil' : 'identifier', word.length);
  }

  #number(): Token {
    // Whatever could be part of a number; what it means is decided when it is read.
    const pattern =
      /[-+]?(?:0[xX][\da-fA-F_.]*(?:[pP][-+]?[\d_]*)?|[\d_.oObB]+(?:[eE][-+]?[\d_]*)?)i?(?:[-+][\d.]+i)?/y;
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0] ?? '';
    const next = this.#charAt(this.#at + text.length);
    if (text === '' || isAlphaNumeric(next) || next === '+' || next === '-')
      throw this.#invalid(`not a number: "${shorten(text + next)}"`);
    return this.#take('number', text.length);
  }

  #wordEnd(start: number): number {
    let end = start;
    for (let char = this.#charAt(end); isAlphaNumeric(char); char = this.#charAt(end))
      end += char.length;
    return end;
  }

  /** What may follow a name: it keeps `$x+2` from meaning anything. */
  #requireTerminator(end: number): void {
    const char = this.#charAt(end);
    if (char === '' || `${spaces}.,|:)(`.includes(char) || this.#text.startsWith('}}', end)) return;
    throw this.#invalid(`unexpected character "${shorten(char)}"`, end);
  }

  #charAt(offset: number): string {
    const code = this.#text.codePointAt(offset);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #isSpaceAt(offset: number): boolean {
    const char = this.#text[offset];
    return char !== undefined && spaces.includes(char);
  }

  #leftMarker(offset: number): boolean {
    return this.#text[offset] === '-' && this.#isSpaceAt(offset + 1);
  }

  #take(kind: TokenKind, length: number): Token {
    const position = this.#position(this.#at);
    const text = this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
    return { kind, text, position };
  }

  /** Offsets are asked for in order. */
  #position(offset: number): Position {
    for (; this.#counted < offset; this.#counted++) {
      if (this.#text[this.#counted] !== '\n') continue;
      this.#line++;
      this.#lineStart = this.#counted + 1;
    }
    return { file: this.#file, line: this.#line, column: offset - this.#lineStart + 1 };
  }

  #invalid(message: string, offset = this.#at): Error {
    return templateError('TEMPLATE_INVALID', message, this.#position(offset));
  }
}

const punctuation: Readonly<Record<string, TokenKind | undefined>> = {
  '=': 'assign',
  '|': 'pipe',
  '(': 'open',
  ')': 'close',
};

function isAlphaNumeric(char: string): boolean {
  return /^[_\p{L}\p{Nd}]/u.test(char);
}
