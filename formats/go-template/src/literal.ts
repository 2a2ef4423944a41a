import { shorten } from '@kiln/base';
import { templateError } from './error.ts';
import type { Term } from './syntax.ts';
import type { Token } from './tokens.ts';
import { goFloat } from './value.ts';

/** The value of a number or character token, by the rules of Go's untyped constants. */
export function numberTerm({ kind, text, position }: Token): Term {
  if (kind === 'char') {
    const points = Array.from(unquote(text, position));
    const point = points[0]?.codePointAt(0);
    if (point === undefined || points.length !== 1)
      throw templateError('TEMPLATE_INVALID', `not a character: ${shorten(text)}`, position);
    return { kind: 'literal', value: BigInt(point), position };
  }
  const integer = integerOf(text);
  if (integer !== undefined) {
    if (integer >= -(2n ** 63n) && integer < 2n ** 63n)
      return { kind: 'literal', value: integer, position };
    if (integer >= 0n && integer < 2n ** 64n) return { kind: 'overflow', text, position };
  }
  const float = integer === undefined ? floatOf(text) : undefined;
  if (float !== undefined) return { kind: 'literal', value: goFloat(float), position };
  if (/i$|^[-+]?0[xX].*[.pP]/.test(text)) {
    const message = `complex and hexadecimal fractions are not supported: ${shorten(text)}`;
    throw templateError('TEMPLATE_UNSUPPORTED', message, position);
  }
  throw templateError('TEMPLATE_INVALID', `not a number: ${shorten(text)}`, position);
}

/** Digits may be separated by `_`; a leading zero means octal. */
function integerOf(text: string): bigint | undefined {
  const match =
    /^([-+]?)(0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])+|0|[1-9](?:_?\d)*)$/.exec(
      text,
    );
  const digits = match?.[2]?.replaceAll('_', '');
  if (digits === undefined) return undefined;
  const size = BigInt(/^0\d/.test(digits) ? `0o${digits}` : digits);
  return match?.[1] === '-' ? -size : size;
}

function floatOf(text: string): number | undefined {
  if (
    !/^[-+]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][-+]?\d(?:_?\d)*)?$/.test(text)
  )
    return undefined;
  // Without a point or an exponent it is an integer that no type holds, or one that begins with 0 by mistake.
  if (!/[.eE]/.test(text)) return undefined;
  const value = Number(text.replaceAll('_', ''));
  return Number.isFinite(value) ? value : undefined;
}

const simpleEscapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 0x5c,
};

/** The text that a quoted token stands for. A text that is not UTF-8 is refused: `TEMPLATE_UNSUPPORTED`. */
export function unquote(token: string, position: Token['position']): string {
  const quote = token.charAt(0);
  const inner = token.slice(1, -1);
  if (quote === '`') return inner.replaceAll('\r', '');
  const parts: Buffer[] = [];
  // A piece without escapes, or one escape.
  for (const [piece] of inner.matchAll(/[^\\]+|\\(?:x.{2}|u.{4}|U.{8}|[0-7].{2}|.)/gsu))
    parts.push(piece.startsWith('\\') ? escapeOf(piece) : Buffer.from(piece));
  const bytes = Buffer.concat(parts);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw templateError(
      'TEMPLATE_UNSUPPORTED',
      `a text that is not UTF-8: ${shorten(token)}`,
      position,
    );
  }

  function escapeOf(piece: string): Buffer {
    const letter = piece.charAt(1);
    const simple = Object.hasOwn(simpleEscapes, letter) ? simpleEscapes[letter] : undefined;
    if (simple !== undefined) return Buffer.of(simple);
    if (piece === `\\${quote}`) return Buffer.from(quote);
    const hex = /^\\([xuU])([\da-fA-F]+)$/.exec(piece);
    const value = hex === null ? octalOf(piece) : parseInt(hex[2] ?? '', 16);
    const point = hex !== null && hex[1] !== 'x';
    if (value === undefined || (point && (value > 0x10ffff || (value & ~0x7ff) === 0xd800)))
      throw templateError('TEMPLATE_INVALID', `not an escape: ${shorten(piece)}`, position);
    return point ? Buffer.from(String.fromCodePoint(value)) : Buffer.of(value);
  }
}

function octalOf(piece: string): number | undefined {
  const value = /^\\[0-7]{3}$/.test(piece) ? parseInt(piece.slice(1), 8) : undefined;
  return value !== undefined && value < 256 ? value : undefined;
}
