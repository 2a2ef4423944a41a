/**
 * What a template sees of Go's values. A whole number, `number` or `bigint`, is any of Go's integer types.
 * Lists and maps with nothing in them count as nil where a template compares with `nil`.
 */
export type GoValue =
  | string
  | boolean
  | number
  | bigint
  | GoFloat
  | GoNamedInteger
  | GoStruct
  | GoMap
  | GoSlice
  | GoPointer;

export interface GoFloat {
  readonly kind: 'float';
  readonly value: number;
}

/** An integer of a type that prints itself as a text, such as a duration. */
export interface GoNamedInteger {
  readonly kind: 'named-integer';
  readonly value: bigint;
  readonly text: string;
}

export interface GoStruct {
  readonly kind: 'struct';
  /** By their Go names, in the order of their declaration. */
  readonly fields: ReadonlyMap<string, GoValue>;
  /** Methods without arguments, each called where a template names it. They are not printed. */
  readonly methods: ReadonlyMap<string, () => GoValue>;
}

export interface GoMap {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, GoValue>;
  /** The zero value of the element type: what `index` gives for a key that is not there. */
  readonly zero: GoValue;
}

export interface GoSlice {
  readonly kind: 'slice';
  readonly elements: readonly GoValue[];
}

export interface GoPointer {
  readonly kind: 'pointer';
  /** Undefined: the nil pointer. */
  readonly target: GoValue | undefined;
}

/** What an expression can be: a value, or none (nil, or a key that is not in a map). */
export type Operand = GoValue | undefined;

export function goFloat(value: number): GoFloat {
  return { kind: 'float', value };
}

export function goNamedInteger(value: bigint, text: string): GoNamedInteger {
  return { kind: 'named-integer', value, text };
}

/** A struct; the order of the members is the order of the fields. */
export function goStruct(
  fields: Readonly<Record<string, GoValue>>,
  methods: Readonly<Record<string, () => GoValue>> = {},
): GoStruct {
  return {
    kind: 'struct',
    fields: new Map(Object.entries(fields)),
    methods: new Map(Object.entries(methods)),
  };
}

export function goMap(entries: Iterable<readonly [string, GoValue]>, zero: GoValue): GoMap {
  return { kind: 'map', entries: new Map(entries), zero };
}

export function goSlice(elements: readonly GoValue[]): GoSlice {
  return { kind: 'slice', elements };
}

/** A pointer to a value; undefined makes the nil pointer. */
export function goPointer(target: GoValue | undefined): GoPointer {
  return { kind: 'pointer', target };
}

/** The value of an integer of any type; undefined for everything else. */
export function integerOf(value: Operand): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return BigInt(value);
  if (typeof value === 'object' && value.kind === 'named-integer') return value.value;
  return undefined;
}

/** Follows pointers; undefined for nil. */
export function indirect(value: Operand): Operand {
  let at = value;
  while (typeof at === 'object' && at.kind === 'pointer') at = at.target;
  return at;
}

/** Go's notion of true in conditions: not the zero value; a struct always is. */
export function isTrue(value: Operand): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'object') return Boolean(value);
  switch (value.kind) {
    case 'float':
      return value.value !== 0;
    case 'named-integer':
      return value.value !== 0n;
    case 'struct':
      return true;
    case 'map':
      return value.entries.size > 0;
    case 'slice':
      return value.elements.length > 0;
    case 'pointer':
      return value.target !== undefined;
  }
}

/** For messages: what kind of value it is. */
export function kindOf(value: Operand): string {
  if (value === undefined) return 'nil';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (integerOf(value) !== undefined) return 'integer';
  return (value as Exclude<GoValue, string | boolean | number | bigint>).kind;
}
