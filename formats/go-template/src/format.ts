import { compareBytes, type Position } from '@kiln/base';
import { templateError } from './error.ts';
import type { Budget } from './limits.ts';
import { quote } from './quote.ts';
import { indirect, type GoStruct, type GoValue, type Operand } from './value.ts';

/** How one value is written: the letter of `printf` and what stands between it and the `%`. */
export interface Format {
  readonly verb: string;
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

export const plainFormat: Format = {
  verb: 'v',
  minus: false,
  plus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
};

/**
 * A value as Go's `fmt` writes it. Maps are sorted by their keys. A pointer inside of something is written as what it points
 * to with an `&`, where Go writes an address.
 */
export class Formatter {
  readonly #budget: Budget;
  readonly #position: Position;

  constructor(budget: Budget, position: Position) {
    this.#budget = budget;
    this.#position = position;
  }

  /** Throws `TEMPLATE_FAILED` where the letter is not for this kind of value, of which Go makes a garbled text. */
  write(value: Operand, format: Format): string {
    const text = this.#write(value, format);
    this.#budget.text(text.length, this.#position);
    return text;
  }

  #write(value: Operand, format: Format): string {
    if (value === undefined) return this.#nil(format);
    if (typeof value === 'string') return this.#string(value, format);
    if (typeof value === 'boolean') return this.#leaf(String(value), 'vt', 'bool', format);
    if (typeof value !== 'object') return this.#integer(BigInt(value), format);
    switch (value.kind) {
      case 'float':
        return this.#leaf(shortestFloat(value.value), 'vg', 'float', format);
      case 'named-integer':
        return 'vsqxX'.includes(format.verb)
          ? this.#string(value.text, format)
          : this.#integer(value.value, format);
      case 'struct':
        return this.#struct(value, format);
      case 'slice':
        return `[${value.elements.map((one) => this.write(one, format)).join(' ')}]`;
      case 'map':
        return this.#map(value.entries, format);
      case 'pointer': {
        if (value.target === undefined) return this.#nil(format);
        const target = indirect(value);
        const composite = typeof target === 'object' && /^(?:struct|slice|map)$/.test(target.kind);
        return `${composite ? '&' : ''}${this.write(target, format)}`;
      }
    }
  }

  #struct({ fields }: GoStruct, format: Format): string {
    const names = format.verb === 'v' && format.plus;
    const parts = [...fields].map(
      ([name, value]) => `${names ? `${name}:` : ''}${this.write(value, format)}`,
    );
    return `{${parts.join(' ')}}`;
  }

  #map(entries: ReadonlyMap<string, GoValue>, format: Format): string {
    const parts = [...entries]
      .sort(([a], [b]) => compareBytes(a, b))
      .map(([key, value]) => `${this.write(key, format)}:${this.write(value, format)}`);
    return `map[${parts.join(' ')}]`;
  }

  #nil(format: Format): string {
    return this.#leaf('<nil>', 'v', 'nil', format);
  }

  #leaf(text: string, verbs: string, kind: string, format: Format): string {
    if (!verbs.includes(format.verb)) throw this.#mismatch(kind, format);
    if (kind === 'float' && (format.precision !== undefined || format.zero || format.plus))
      throw this.#unsupported(format, 'float');
    return pad(text, format);
  }

  #string(value: string, format: Format): string {
    const { verb, precision, plus, sharp, space } = format;
    if (!'vsqxX'.includes(verb)) throw this.#mismatch('string', format);
    if (sharp || space || (plus && verb !== 'v' && verb !== 's'))
      throw this.#unsupported(format, 'string');
    if (verb === 'x' || verb === 'X') {
      const hex = Buffer.from(value).subarray(0, precision).toString('hex');
      return pad(verb === 'x' ? hex : hex.toUpperCase(), format);
    }
    const cut = precision === undefined ? value : Array.from(value).slice(0, precision).join('');
    return pad(verb === 'q' ? quote(cut, '"') : cut, format);
  }

  #integer(value: bigint, format: Format): string {
    const { verb, sharp } = format;
    if (verb === 'c' || verb === 'q') {
      if (sharp || format.plus) throw this.#unsupported(format, 'integer');
      const valid = value >= 0n && value <= 0x10ffffn && (value & ~0x7ffn) !== 0xd800n;
      const char = valid ? String.fromCodePoint(Number(value)) : '\ufffd';
      return pad(verb === 'c' ? char : quote(char, "'"), format);
    }
    const notation = Object.hasOwn(notations, verb) ? notations[verb] : undefined;
    if (notation === undefined) throw this.#mismatch('integer', format);
    return digits(value, notation, verb === 'v' ? { ...format, plus: false } : format);
  }

  #mismatch(kind: string, { verb }: Format): Error {
    const message = `printf: %${verb} is not for a value of kind ${kind}`;
    return templateError('TEMPLATE_FAILED', message, this.#position, '%v is for every kind');
  }

  #unsupported({ verb }: Format, kind: string): Error {
    const message = `printf: these flags of %${verb} are not supported for a value of kind ${kind}`;
    return templateError('TEMPLATE_UNSUPPORTED', message, this.#position);
  }
}

interface Notation {
  readonly base: number;
  readonly prefix: string;
  /** Whether the prefix stands without `#` too. */
  readonly always?: boolean;
}

const notations: Readonly<Record<string, Notation>> = {
  v: { base: 10, prefix: '' },
  d: { base: 10, prefix: '' },
  x: { base: 16, prefix: '0x' },
  X: { base: 16, prefix: '0X' },
  o: { base: 8, prefix: '0' },
  O: { base: 8, prefix: '0o', always: true },
  b: { base: 2, prefix: '0b' },
};

function digits(value: bigint, { base, prefix, always }: Notation, format: Format): string {
  const { plus, space, zero, minus, width, precision, sharp } = format;
  const sign = value < 0n ? '-' : plus ? '+' : space ? ' ' : '';
  let text = (value < 0n ? -value : value).toString(base);
  if (prefix === '0X') text = text.toUpperCase();
  if (precision === 0 && value === 0n) return pad('', { ...format, zero: false });
  // Zeros for a width go between the sign and the prefix's digits, as those for a precision do.
  const least = precision ?? (zero && !minus ? (width ?? 0) - sign.length : 0);
  text = text.padStart(least, '0');
  const before =
    always === true || (sharp && (prefix !== '0' || !text.startsWith('0'))) ? prefix : '';
  return pad(sign + before + text, { ...format, zero: false });
}

/** Fills up to the width, counted in characters. */
function pad(text: string, { width = 0, minus, zero }: Format): string {
  const missing = width - Array.from(text).length;
  if (missing <= 0) return text;
  if (minus) return text + ' '.repeat(missing);
  return (zero ? '0' : ' ').repeat(missing) + text;
}

/** The shortest digits that mean this number, with an exponent below 1e-4 and from 1e6 on. */
function shortestFloat(value: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return Object.is(value, -0) ? '-0' : String(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** The values as `print` joins them: a space between two of which neither is a string. */
export function printed(values: readonly Operand[], formatter: Formatter): string {
  let text = '';
  values.forEach((value, index) => {
    const before = values[index - 1];
    if (index > 0 && typeof value !== 'string' && typeof before !== 'string') text += ' ';
    text += formatter.write(value, plainFormat);
  });
  return text;
}

/** As `println`: spaces between all, and a line's end. */
export function printedLine(values: readonly Operand[], formatter: Formatter): string {
  return `${values.map((value) => formatter.write(value, plainFormat)).join(' ')}\n`;
}
