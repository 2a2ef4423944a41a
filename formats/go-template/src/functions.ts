import { shorten, type Position } from '@kiln/base';
import { equal, NotComparable, order } from './compare.ts';
import { templateError } from './error.ts';
import { Formatter, printed, printedLine } from './format.ts';
import type { Budget } from './limits.ts';
import { sprintf } from './printf.ts';
import {
  goSlice,
  indirect,
  integerOf,
  isTrue,
  kindOf,
  type GoValue,
  type Operand,
} from './value.ts';

/** One call of a function: its name, its arguments and where it stands. */
export interface Call {
  readonly name: string;
  readonly args: readonly Operand[];
  readonly position: Position;
  readonly budget: Budget;
}

interface Definition {
  readonly min: number;
  readonly max?: number;
  run(call: Call): Operand;
}

/** All but `and` and `or`, which do not evaluate all of their arguments. */
const definitions: Readonly<Record<string, Definition>> = {
  not: { min: 1, max: 1, run: ({ args }) => !isTrue(args[0]) },
  eq: { min: 1, run: isEqualToAny },
  ne: { min: 2, max: 2, run: (call) => !isEqualToAny(call) },
  lt: { min: 2, max: 2, run: (call) => orderOf(call) < 0 },
  le: { min: 2, max: 2, run: (call) => orderOf(call) <= 0 },
  gt: { min: 2, max: 2, run: (call) => orderOf(call) > 0 },
  ge: { min: 2, max: 2, run: (call) => orderOf(call) >= 0 },
  len: { min: 1, max: 1, run: lengthOf },
  index: { min: 1, run: indexInto },
  slice: { min: 1, run: sliceOf },
  print: { min: 0, run: (call) => printed(call.args, formatterOf(call)) },
  println: { min: 0, run: (call) => printedLine(call.args, formatterOf(call)) },
  printf: { min: 1, run: formatted },
};

/** Calls a function by its name. Throws `TEMPLATE_FAILED` where the arguments are not for it. */
export function callFunction(call: Call): Operand {
  const definition = definitions[call.name];
  if (definition === undefined) throw failed(call, 'not a function');
  const { min, max } = definition;
  const count = call.args.length;
  if (count < min || (max !== undefined && count > max))
    throw failed(call, `wants ${min === max ? '' : 'at least '}${min} arguments, got ${count}`);
  // Every function looks at its texts from end to end.
  for (const arg of call.args)
    if (typeof arg === 'string') call.budget.text(arg.length, call.position);
  const result = definition.run(call);
  if (typeof result === 'string') call.budget.text(result.length, call.position);
  return result;
}

function failed({ name, position }: Call, problem: string): Error {
  return templateError('TEMPLATE_FAILED', `${name}: ${problem}`, position);
}

function formatterOf({ budget, position }: Call): Formatter {
  return new Formatter(budget, position);
}

function comparing<T>(call: Call, compare: () => T): T {
  try {
    return compare();
  } catch (error) {
    if (!(error instanceof NotComparable)) throw error;
    throw failed(call, `values that do not compare: ${error.message}`);
  }
}

function isEqualToAny(call: Call): boolean {
  const [first, ...others] = call.args;
  if (others.length === 0) throw failed(call, 'missing argument for comparison');
  return comparing(call, () => others.some((other) => equal(first, other)));
}

function orderOf(call: Call): number {
  return comparing(call, () => order(call.args[0], call.args[1]));
}

function lengthOf(call: Call): bigint {
  const value = indirect(call.args[0]);
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value));
  if (typeof value === 'object' && value.kind === 'slice') return BigInt(value.elements.length);
  if (typeof value === 'object' && value.kind === 'map') return BigInt(value.entries.size);
  throw failed(call, `a value of kind ${kindOf(value)} has no length`);
}

function indexInto(call: Call): Operand {
  const [item, ...indexes] = call.args;
  if (item === undefined) throw failed(call, 'of nil');
  return indexes.reduce((at: Operand, index) => elementOf(call, indirect(at), index), item);
}

function elementOf(call: Call, item: Operand, index: Operand): GoValue {
  if (typeof item === 'object' && item.kind === 'map') {
    if (typeof index === 'string') return item.entries.get(index) ?? item.zero;
    throw failed(call, `a key of kind ${kindOf(index)}, of a map with keys of kind string`);
  }
  const elements =
    typeof item === 'string'
      ? [...Buffer.from(item)]
      : typeof item === 'object' && item.kind === 'slice'
        ? item.elements
        : undefined;
  if (elements === undefined) throw failed(call, `a value of kind ${kindOf(item)} has no elements`);
  const element = elements[offsetOf(call, index, elements.length)];
  if (element === undefined) throw outOfRange(call, index);
  return element;
}

function sliceOf(call: Call): Operand {
  const [first, ...indexes] = call.args;
  const item = indirect(first);
  const list = typeof item === 'object' && item.kind === 'slice' ? item.elements : undefined;
  const bytes = typeof item === 'string' ? Buffer.from(item) : undefined;
  const length = list?.length ?? bytes?.length;
  if (length === undefined) throw failed(call, `a value of kind ${kindOf(item)} has no parts`);
  if (indexes.length > (bytes === undefined ? 3 : 2)) throw failed(call, 'too many indexes');
  const offsets = indexes.map((index) => offsetOf(call, index, length));
  const [start = 0, end = length, capacity = length] = offsets;
  if (start > end || end > capacity) throw failed(call, `${start}:${end} is no part of it`);
  return bytes === undefined
    ? goSlice(list?.slice(start, end) ?? [])
    : text(call, bytes.subarray(start, end));
}

/** Go's strings are bytes, ours are not: a part that begins or ends inside a character is refused. */
function text(call: Call, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw failed(call, 'it would cut a character in two');
  }
}

function offsetOf(call: Call, index: Operand, length: number): number {
  const offset = integerOf(index);
  if (offset === undefined) throw failed(call, `an index of kind ${kindOf(index)}`);
  if (offset < 0n || offset > BigInt(length)) throw outOfRange(call, index);
  return Number(offset);
}

function outOfRange(call: Call, index: Operand): Error {
  return failed(call, `index out of range: ${shorten(String(integerOf(index)))}`);
}

function formatted(call: Call): string {
  const [format, ...values] = call.args;
  if (typeof format !== 'string')
    throw failed(call, `the format must be a string, not of kind ${kindOf(format)}`);
  return sprintf(format, values, { formatter: formatterOf(call), position: call.position });
}
