import { compareBytes } from '@kiln/base';
import { integerOf, kindOf, type Operand } from './value.ts';

/** Why two values cannot be compared. */
export class NotComparable extends Error {}

/** Go's `eq`: integers of any type compare with each other, other kinds only with their own; nil with what can be nil. */
export function equal(a: Operand, b: Operand): boolean {
  const [left, right] = [basicOf(a), basicOf(b)];
  if (left !== undefined && right !== undefined) {
    if (typeof left !== typeof right) throw new NotComparable(kindsOf(a, b));
    return left === right;
  }
  if (a === undefined && b === undefined) return true;
  if (a === undefined || b === undefined)
    return left === undefined && right === undefined && isNil(a) && isNil(b);
  const kind = kindOf(a);
  if (left !== undefined || right !== undefined || kind !== kindOf(b) || kind === 'struct')
    throw new NotComparable(kindsOf(a, b));
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b);
  if (kind !== 'pointer') throw new NotComparable(kindsOf(a, b));
  return a === b;
}

/** Go's order: negative when a is less. Throws for kinds without one. */
export function order(a: Operand, b: Operand): number {
  const [left, right] = [basicOf(a), basicOf(b)];
  if (typeof left === 'string' && typeof right === 'string') return compareBytes(left, right);
  const integers = typeof left === 'bigint' && typeof right === 'bigint';
  const fractions = typeof left === 'number' && typeof right === 'number';
  if (!integers && !fractions) throw new NotComparable(kindsOf(a, b));
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The value of a kind that Go compares: integers as bigint, fractions as number. */
function basicOf(value: Operand): string | boolean | bigint | number | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  const integer = integerOf(value);
  if (integer !== undefined) return integer;
  return typeof value === 'object' && value.kind === 'float' ? value.value : undefined;
}

/** Empty lists and maps count as nil. */
function isNil(value: Operand): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'object') return false;
  if (value.kind === 'slice') return value.elements.length === 0;
  if (value.kind === 'map') return value.entries.size === 0;
  return value.kind === 'pointer' && value.target === undefined;
}

function kindsOf(a: Operand, b: Operand): string {
  return `${kindOf(a)} and ${kindOf(b)}`;
}
