import { compareBytes } from '@kiln/base';

/** Values that `goJson` prints. A `Map` is a Go map: its keys are sorted bytewise; an object keeps its member order. */
export type GoJsonValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly GoJsonValue[]
  | ReadonlyMap<string, GoJsonValue>
  | { readonly [member: string]: GoJsonValue };

export interface GoJsonOptions {
  /** Spaces per level; 0 (the default) prints compactly. */
  readonly indent?: number;
}

/**
 * JSON as Go's `encoding/json` prints it: `<`, `>`, `&`, U+2028 and U+2029 are escaped, a lone surrogate becomes
 * `\ufffd`. Members that are `undefined` are left out; otherwise the order is the caller's. No trailing newline.
 */
export function goJson(value: GoJsonValue, options: GoJsonOptions = {}): string {
  return printValue(value, options.indent ?? 0, 0);
}

/** A record as a Go map (sorted keys), or undefined when there is nothing in it, as Go's `omitempty` has it. */
export function goMap<T extends GoJsonValue>(
  record: Readonly<Record<string, T>> | undefined,
): ReadonlyMap<string, T> | undefined {
  const entries = Object.entries(record ?? {});
  return entries.length === 0 ? undefined : new Map(entries);
}

function printValue(value: GoJsonValue, indent: number, depth: number): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return printString(value);
  if (typeof value === 'number' || typeof value === 'boolean') return JSON.stringify(value);
  if (isArray(value)) {
    return bracket(
      '[]',
      value.map((item) => printValue(item, indent, depth + 1)),
      indent,
      depth,
    );
  }
  const members: [string, GoJsonValue][] =
    value instanceof Map
      ? [...(value as ReadonlyMap<string, GoJsonValue>)]
      : Object.entries(value as Readonly<Record<string, GoJsonValue>>);
  if (value instanceof Map && members.length > 1) members.sort(([a], [b]) => compareBytes(a, b));
  const separator = indent === 0 ? ':' : ': ';
  const lines: string[] = [];
  for (const [name, member] of members) {
    if (member === undefined) continue;
    lines.push(`${printString(name)}${separator}${printValue(member, indent, depth + 1)}`);
  }
  return bracket('{}', lines, indent, depth);
}

function isArray(value: GoJsonValue): value is readonly GoJsonValue[] {
  return Array.isArray(value);
}

function bracket(
  pair: '[]' | '{}',
  items: readonly string[],
  indent: number,
  depth: number,
): string {
  if (items.length === 0) return pair;
  if (indent === 0) return `${pair[0]}${items.join(',')}${pair[1]}`;
  const inner = `\n${' '.repeat(indent * (depth + 1))}`;
  return `${pair[0]}${inner}${items.join(`,${inner}`)}\n${' '.repeat(indent * depth)}${pair[1]}`;
}

/** Printable ASCII that is written as it is: all but the quote, the backslash and what Go escapes for HTML. */
const plain = /^[ !#-%'-;=?-[\]-~]*$/;

function printString(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) {
    const pieces = text.split(/(\p{Surrogate})/u);
    return `"${pieces.map((piece) => (piece.isWellFormed() ? printString(piece).slice(1, -1) : '\\ufffd')).join('')}"`;
  }
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
