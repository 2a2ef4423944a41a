import { KilnError, shorten, type Position } from '@kiln/base';
import {
  LineCounter,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseAllDocuments,
  type Document,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { defaultYamlLimits, type YamlLimits } from './limits.ts';
import type { ScalarSource, YamlMember, YamlNode, YamlScalar } from './node.ts';

export interface ParseYamlOptions {
  /** The name that errors show. */
  readonly file: string;
  readonly limits?: YamlLimits;
  /** What a second document does: refused (default), or everything after the first is ignored. */
  readonly furtherDocuments?: 'refuse' | 'ignore';
}

/**
 * Reads one YAML 1.2 document into nodes that keep every scalar's source text and position.
 * An empty text is an empty mapping. Anchors, aliases and merge keys are followed.
 * Throws `YAML_INVALID` for syntax errors, duplicate keys, keys that are not scalars, tags outside the core schema,
 * a second document, an alias inside its own anchor and anything above the limits.
 */
export function parseYaml(text: string, options: ParseYamlOptions): YamlNode {
  const limits = options.limits ?? defaultYamlLimits;
  const start: Position = { file: options.file, line: 1, column: 1 };
  if (Buffer.byteLength(text) > limits.sizeBytesMax) {
    throw invalid(`larger than ${limits.sizeBytesMax} bytes`, start);
  }
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file: options.file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = readDocument(text, options, lines, at);
  if (document?.contents == null) return { kind: 'mapping', members: new Map(), position: start };
  return new Reader(document, limits, at).read(document.contents, 0);
}

function readDocument(
  text: string,
  options: ParseYamlOptions,
  lines: LineCounter,
  at: (offset: number) => Position,
): Document.Parsed | undefined {
  let documents: readonly Document.Parsed[];
  try {
    const all = parseAllDocuments(text, {
      schema: 'failsafe',
      lineCounter: lines,
      // The reader below refuses them, in linear time.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
    });
    documents = Array.isArray(all) ? all : [];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // The composer recurses: a stack that ran out means nesting beyond any limit of ours.
    throw invalid('nested too deeply', at(0));
  }
  const [first, second] = documents;
  const failure = first?.errors[0];
  if (failure !== undefined) {
    const start = failure.pos[0];
    throw invalid(
      syntaxMessage(failure.message),
      at(start),
      'look at indentation, quotes and brackets there and before',
    );
  }
  if (second !== undefined && options.furtherDocuments !== 'ignore') {
    throw invalid(
      'more than one document in the file',
      at(second.range[0]),
      'keep one document a file',
    );
  }
  return first;
}

function syntaxMessage(message: string): string {
  if (/call stack/i.test(message)) return 'nested too deeply';
  return shorten(message.charAt(0).toLowerCase() + message.slice(1), 200);
}

function invalid(message: string, position: Position, hint?: string): KilnError {
  return new KilnError('YAML_INVALID', message, { position, hint });
}

/** Turns the library's tree into ours, following aliases under the limits. */
class Reader {
  readonly #document: Document.Parsed;
  readonly #limits: YamlLimits;
  readonly #at: (offset: number) => Position;
  readonly #open = new Set<unknown>();
  #nodes = 0;
  /** How many aliases lead to the node that is read. */
  #aliases = 0;

  constructor(document: Document.Parsed, limits: YamlLimits, at: (offset: number) => Position) {
    this.#document = document;
    this.#limits = limits;
    this.#at = at;
  }

  read(node: ParsedNode, depth: number): YamlNode {
    const position = this.#at(node.range[0]);
    this.#nodes += 1;
    if (this.#nodes > this.#limits.nodesMax) {
      throw invalid(`more than ${this.#limits.nodesMax} values`, position);
    }
    if (depth > this.#limits.depthMax) {
      throw invalid(`nested deeper than ${this.#limits.depthMax}`, position);
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#document) as ParsedNode | undefined;
      if (target === undefined) throw invalid(`unknown anchor "${shorten(node.source)}"`, position);
      this.#aliases += 1;
      const read = this.#nested(target, depth);
      this.#aliases -= 1;
      return read;
    }
    refuseForeignTag(node.tag, position);
    if (isScalar(node)) return scalarOf(node, position, this.#aliases > 0);
    return this.#nested(node, depth);
  }

  #nested(node: ParsedNode, depth: number): YamlNode {
    const position = this.#at(node.range[0]);
    if (this.#open.has(node)) throw invalid('an alias inside its own anchor', position);
    this.#open.add(node);
    try {
      if (isMap(node))
        return { kind: 'mapping', members: this.#members(node as YAMLMap, depth), position };
      if (isSeq(node)) {
        const elements = node.items.map((element) =>
          isPair(element)
            ? this.#fail(position, 'a mapping without braces inside a flow sequence')
            : this.read(element as ParsedNode, depth + 1),
        );
        return { kind: 'sequence', elements, position };
      }
      return this.read(node, depth);
    } finally {
      this.#open.delete(node);
    }
  }

  #members(map: YAMLMap, depth: number): Map<string, YamlMember> {
    const members = new Map<string, YamlMember>();
    const merged: YamlNode[] = [];
    for (const pair of map.items) {
      const key = this.read(pair.key as ParsedNode, depth + 1);
      if (key.kind !== 'scalar') throw invalid('a key that is not a scalar', key.position);
      // Objects elsewhere cannot carry this name as data.
      if (key.text === '__proto__')
        throw invalid('the key "__proto__" is not supported', key.position);
      const value =
        pair.value === null
          ? nothingAt(key.position)
          : this.read(pair.value as ParsedNode, depth + 1);
      const merge = key.plain && key.text === '<<';
      if (merge ? merged.length > 0 : members.has(key.text))
        throw invalid(`duplicate key "${shorten(key.text)}"`, key.position);
      if (merge) merged.push(...(value.kind === 'sequence' ? value.elements : [value]));
      else members.set(key.text, { key, value });
    }
    for (const source of merged) {
      if (source.kind !== 'mapping') throw invalid('a merge key needs a mapping', source.position);
      for (const [name, member] of source.members)
        if (!members.has(name)) members.set(name, member);
    }
    return members;
  }

  #fail(position: Position, message: string): never {
    throw invalid(message, position);
  }
}

function nothingAt(position: Position): YamlScalar {
  return { kind: 'scalar', text: '', plain: true, position, source: undefined };
}

function scalarOf(node: ParsedNode, position: Position, byAlias: boolean): YamlScalar {
  if (!isScalar(node)) throw invalid('not a scalar', position);
  const [start, end] = node.range;
  const style = styles[node.type ?? 'PLAIN'];
  return {
    kind: 'scalar',
    text: typeof node.value === 'string' ? node.value : (node.source ?? ''),
    plain: node.type === 'PLAIN' && node.tag !== 'tag:yaml.org,2002:str',
    position,
    source: byAlias || start === end ? undefined : { start, end, style },
  };
}

const styles: Readonly<Record<Scalar.Type, ScalarSource['style']>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single-quoted',
  QUOTE_DOUBLE: 'double-quoted',
  BLOCK_LITERAL: 'block',
  BLOCK_FOLDED: 'block',
};

const coreTags = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
);

function refuseForeignTag(tag: string | undefined, position: Position): void {
  if (tag !== undefined && tag !== '!' && !coreTags.has(tag))
    throw invalid(`tag "${shorten(tag)}" is not supported`, position);
}
