import { firstCsvRecord } from './csv.ts';
import type { Flag, FlagValue } from './flag.ts';

/**
 * The value of a flag after one more use of it: lists grow from `before`, which is undefined at the first use; others
 * are replaced. Throws a plain `Error` that says why the text is no such value.
 */
export function readFlag(flag: Flag, text: string, before: FlagValue | undefined): FlagValue {
  switch (flag.type) {
    case 'bool':
      return readBoolean(text);
    case 'string':
      return checked(text, flag.check);
    case 'strings':
      return [...listOf(before), ...readList(text)];
    case 'stringArray':
      return [...listOf(before), text];
    case 'int':
      return readInteger(text);
    case 'duration':
      return readDurationMs(text);
  }
}

function listOf(value: FlagValue | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function checked(text: string, check: ((value: string) => string | undefined) | undefined): string {
  const problem = check?.(text);
  if (problem !== undefined) throw new Error(problem);
  return text;
}

function readList(text: string): string[] {
  if (text === '') return [];
  const record = firstCsvRecord(text);
  if (record === undefined) throw new Error('an empty line');
  return record;
}

function readBoolean(text: string): boolean {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw new Error('neither true nor false');
}

/** As Go reads integers: `0x`, `0o`, `0b`, a leading 0 for octal, `_` between digits. */
function readInteger(text: string): number {
  const match =
    /^([+-]?)(0[xX]_?|0[oO]_?|0[bB]_?|0_?(?=[0-9]))?([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)$/.exec(text);
  const [, sign = '', prefix = '', digits = ''] = match ?? [];
  const kind = prefix.replace('_', '').toLowerCase();
  const { base, allowed } = notations.get(kind) ?? decimal;
  const plain = digits.replaceAll('_', '');
  if (match === null || !allowed.test(plain)) throw new Error('not a whole number');
  const size = Number.parseInt(plain, base);
  // Go's have 64 bits; what is beyond those that are exact here is as good as the last of them.
  if (size > 2 ** 63) throw new Error('out of range');
  const value = Math.min(size, Number.MAX_SAFE_INTEGER);
  return sign === '-' ? -value : value;
}

interface Notation {
  readonly base: number;
  readonly allowed: RegExp;
}

const decimal: Notation = { base: 10, allowed: /^[0-9]+$/ };
const notations: ReadonlyMap<string, Notation> = new Map([
  ['0x', { base: 16, allowed: /^[0-9a-fA-F]+$/ }],
  ['0o', { base: 8, allowed: /^[0-7]+$/ }],
  ['0', { base: 8, allowed: /^[0-7]+$/ }],
  ['0b', { base: 2, allowed: /^[01]+$/ }],
]);

const unitMs: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);
/** What Go can count in nanoseconds. */
const durationMaxMs = 2 ** 63 / 1e6;

/** As Go reads durations: `1h30m`, `1.5s`, `-3ms`; `0` needs no unit. */
function readDurationMs(text: string): number {
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0;
  const parts = [...body.matchAll(/([0-9]+\.?[0-9]*|\.[0-9]+)([^0-9.]*)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== body)
    throw new Error('not a duration such as 1h30m');
  let total = 0;
  for (const [, number = '', unit = ''] of parts) {
    const factor = unitMs.get(unit);
    if (factor === undefined)
      throw new Error(unit === '' ? 'a duration without a unit' : `no unit of time: "${unit}"`);
    total += Number(number) * factor;
  }
  if (total >= durationMaxMs) throw new Error('too long a duration');
  return text.startsWith('-') ? -total : total;
}
