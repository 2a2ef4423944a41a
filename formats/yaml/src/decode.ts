import { KilnError, shorten, type Position } from '@kiln/base';
import type { z } from 'zod';
import { nearestWord } from './nearest.ts';
import { isNull, type YamlMapping, type YamlNode, type YamlScalar } from './node.ts';
import { parseYaml, type ParseYamlOptions } from './parse.ts';
import { booleanOf, integerOf, numberOf, wholePartOf } from './scalar.ts';

export interface DecodeYamlOptions<T> extends ParseYamlOptions {
  readonly schema: z.ZodType<T>;
  /** `refuse` (default) names an unknown key and the nearest known one; `ignore` drops it. */
  readonly unknownKeys?: 'refuse' | 'ignore';
}

export type YamlPath = readonly PropertyKey[];

/** A decoded value that still knows where each part of it was written. */
export interface DecodedYaml<T> {
  readonly value: T;
  /** The place of the value under these keys and indexes, or of the nearest enclosing one that was written. */
  positionOf(path: YamlPath): Position;
}

/**
 * Reads a YAML text against a Zod 4 schema. The schema's types decide how scalars are read: a string field keeps the
 * source text, a number or boolean field needs an unquoted scalar that means one, null stands for "" or for absence.
 * Objects are strict whatever the schema says of unknown keys, except for those with a catch-all.
 * Throws `YAML_INVALID` (syntax, limits), `YAML_UNKNOWN_KEY` (with the nearest known key as the hint) and `YAML_TYPE`
 * (wrong type, missing key or a rule of the schema), each with its position.
 */
export function decodeYaml<T>(text: string, options: DecodeYamlOptions<T>): T {
  return decodeYamlDocument(text, options).value;
}

/** As `decodeYaml`, keeping the positions. */
export function decodeYamlDocument<T>(text: string, options: DecodeYamlOptions<T>): DecodedYaml<T> {
  return decodeYamlNode(parseYaml(text, options), options);
}

/** As `decodeYamlDocument` for a node that was parsed before. */
export function decodeYamlNode<T>(
  root: YamlNode,
  options: Pick<DecodeYamlOptions<T>, 'schema' | 'unknownKeys' | 'form'>,
): DecodedYaml<T> {
  const lenient = options.unknownKeys === 'ignore';
  const isGo = options.form === 'go';
  const result = options.schema.safeParse(shape(root, options.schema, { lenient, isGo, path: [] }));
  const positionOf = (path: YamlPath): Position => locate(root, path).position;
  if (result.success) return { value: result.data, positionOf };
  const issue = result.error.issues[0];
  const path = issue?.path ?? [];
  const { position, missing } = locate(root, path);
  const key = shorten(String(path.at(-1) ?? ''));
  const message =
    missing && issue?.code === 'invalid_type'
      ? `missing key "${key}"`
      : `${showPath(path)}${issueText(issue)}`;
  throw new KilnError('YAML_TYPE', message, { position });
}

interface Context {
  readonly lenient: boolean;
  readonly isGo: boolean;
  readonly path: YamlPath;
}

/** What this file needs of a Zod 4 definition; see "Zod core" in its documentation. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly getter?: () => z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly catchall?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly format?: string;
}

function definitionOf(schema: z.ZodType): Definition {
  return schema._zod.def as unknown as Definition;
}

/** The plain value that the schema's types make of a node. */
function shape(node: YamlNode, schema: z.ZodType, context: Context): unknown {
  const def = definitionOf(schema);
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return absent(node, def, context) ? undefined : shapeInner(node, def.innerType, context);
    case 'lazy':
      return shapeInner(node, def.getter?.(), context);
    case 'pipe':
      return shapeInner(
        node,
        definitionOf(def.in ?? schema).type === 'transform' ? def.out : def.in,
        context,
      );
    case 'union':
      return shapeUnion(node, def, context);
    case 'object':
      return shapeObject(node, def, context);
    case 'record':
      return shapeRecord(node, def, context);
    case 'array':
      return shapeArray(node, def, context);
    case 'string':
    case 'enum':
    case 'literal':
      return shapeText(node, def, context);
    case 'number':
      return shapeNumber(node, def, context);
    case 'boolean':
      return scalarAs(node, booleanOf, 'a boolean (true or false, unquoted)', context);
    case 'unknown':
    case 'any':
      return plainValue(node);
    default:
      throw new Error(`assertion failed: no YAML reading for a schema of type ${def.type}`);
  }
}

function shapeInner(node: YamlNode, schema: z.ZodType | undefined, context: Context): unknown {
  if (schema === undefined) throw new Error('assertion failed: a schema without its inner type');
  return shape(node, schema, context);
}

/** Null stands for absence, except where a string is wanted: there it is the empty string. */
function absent(node: YamlNode, def: Definition, { isGo }: Context): boolean {
  if (!isNull(node) || def.innerType === undefined) return false;
  let inner = definitionOf(def.innerType);
  while (inner.innerType !== undefined) inner = definitionOf(inner.innerType);
  return inner.type !== 'string' && (inner.type !== 'pipe' || (isGo && def.type === 'optional'));
}

function shapeUnion(node: YamlNode, def: Definition, context: Context): unknown {
  const wanted = {
    mapping: ['object', 'record'],
    sequence: ['array'],
    scalar: ['number', 'boolean', 'enum', 'literal', 'string'],
  };
  const kinds = wanted[node.kind];
  for (const option of def.options ?? []) {
    const inner = definitionOf(option);
    if (!kinds.includes(inner.type) && inner.type !== 'pipe') continue;
    if (node.kind !== 'scalar') return shape(node, option, context);
    try {
      return shape(node, option, context);
    } catch (error) {
      // Another member of the union may take this scalar.
      if (!(error instanceof KilnError)) throw error;
    }
  }
  throw wrongType(node, 'another kind of value', context);
}

function shapeObject(node: YamlNode, def: Definition, context: Context): unknown {
  if (isNull(node)) return {};
  const mapping = expectMapping(node, context);
  const known = def.shape ?? {};
  const value: Record<string, unknown> = {};
  for (const [name, member] of mapping.members) {
    if (context.isGo && isNull(member.key)) continue;
    const schema = Object.hasOwn(known, name) ? known[name] : openCatchall(def);
    if (schema !== undefined) value[name] = shape(member.value, schema, inside(context, name));
    else if (!context.lenient) throw unknownKey(member.key, Object.keys(known), context);
  }
  return value;
}

function openCatchall(def: Definition): z.ZodType | undefined {
  return def.catchall === undefined || definitionOf(def.catchall).type === 'never'
    ? undefined
    : def.catchall;
}

function unknownKey(key: YamlScalar, known: readonly string[], context: Context): KilnError {
  const nearest = nearestWord(key.text, known);
  const where = context.path.length === 0 ? '' : ` in ${context.path.map(String).join('.')}`;
  return new KilnError(
    'YAML_UNKNOWN_KEY',
    `unknown key "${shorten(key.text)}"${shorten(where, 120)}`,
    {
      position: key.position,
      hint:
        nearest === undefined ? `known keys: ${known.join(', ')}` : `did you mean "${nearest}"?`,
    },
  );
}

function shapeRecord(node: YamlNode, def: Definition, context: Context): unknown {
  if (isNull(node)) return {};
  const value: Record<string, unknown> = {};
  for (const [name, member] of expectMapping(node, context).members) {
    if (context.isGo && isNull(member.key)) continue;
    value[name] = shapeInner(member.value, def.valueType, inside(context, name));
  }
  return value;
}

function shapeArray(node: YamlNode, def: Definition, context: Context): unknown {
  if (isNull(node)) return [];
  if (node.kind !== 'sequence') throw wrongType(node, 'a list', context);
  const elements = context.isGo ? node.elements.filter((one) => !isNull(one)) : node.elements;
  return elements.map((element, index) => shapeInner(element, def.element, inside(context, index)));
}

function shapeText(node: YamlNode, def: Definition, context: Context): unknown {
  if (node.kind !== 'scalar') throw wrongType(node, 'a string', context);
  const numeric = [...(def.values ?? []), ...Object.values(def.entries ?? {})].find(
    (value) => typeof value !== 'string' && String(value) === node.text,
  );
  if (numeric !== undefined) return numeric;
  return isNull(node) ? '' : node.text;
}

function shapeNumber(node: YamlNode, def: Definition, context: Context): unknown {
  if (def.format === undefined) return scalarAs(node, numberOf, 'a number (unquoted)', context);
  return scalarAs(
    node,
    context.isGo ? wholePartOf : integerOf,
    'a whole number (unquoted)',
    context,
  );
}

function scalarAs<T>(
  node: YamlNode,
  read: (scalar: YamlScalar) => T | undefined,
  wanted: string,
  context: Context,
): T {
  const value = node.kind === 'scalar' ? read(node) : undefined;
  if (value === undefined) throw wrongType(node, wanted, context);
  return value;
}

/** The value of a node where the schema leaves its type open: numbers, booleans and null by YAML 1.2's core schema. */
export function plainValue(node: YamlNode): unknown {
  switch (node.kind) {
    case 'sequence':
      return node.elements.map(plainValue);
    case 'mapping': {
      const value: Record<string, unknown> = {};
      for (const [name, member] of node.members) value[name] = plainValue(member.value);
      return value;
    }
    case 'scalar':
      if (isNull(node)) return null;
      if (node.plain && /^(?:true|True|TRUE|false|False|FALSE)$/.test(node.text))
        return booleanOf(node);
      return numberOf(node) ?? node.text;
  }
}

function inside(context: Context, name: string | number): Context {
  return { ...context, path: [...context.path, name] };
}

function expectMapping(node: YamlNode, context: Context): YamlMapping {
  if (node.kind !== 'mapping') throw wrongType(node, 'a mapping', context);
  return node;
}

function wrongType(node: YamlNode, wanted: string, context: Context): KilnError {
  const got =
    node.kind === 'scalar'
      ? `"${shorten(node.text, 40)}"`
      : `a ${node.kind === 'sequence' ? 'list' : 'mapping'}`;
  return new KilnError('YAML_TYPE', `${showPath(context.path)}expected ${wanted}, got ${got}`, {
    position: node.position,
    hint: waysToWrite.get(wanted),
  });
}

const waysToWrite: ReadonlyMap<string, string> = new Map([
  ['a mapping', 'a mapping is lines of "key: value"'],
  ['a list', 'each element of a list begins with "- "'],
  ['a string', 'write text on one line, or "|" and the lines below it'],
]);

function showPath(path: YamlPath): string {
  return path.length === 0 ? '' : `${shorten(path.map(String).join('.'))}: `;
}

function issueText(issue: z.core.$ZodIssue | undefined): string {
  const message = issue?.message ?? 'not accepted';
  return message
    .replace(/^Invalid input: /, '')
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}

function locate(root: YamlNode, path: YamlPath): { position: Position; missing: boolean } {
  let node = root;
  for (const step of path) {
    const next: YamlNode | undefined =
      node.kind === 'mapping'
        ? node.members.get(String(step))?.value
        : node.kind === 'sequence'
          ? node.elements[Number(step)]
          : undefined;
    if (next === undefined) return { position: node.position, missing: true };
    node = next;
  }
  return { position: node.position, missing: false };
}
