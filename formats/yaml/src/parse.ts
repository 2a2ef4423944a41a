import { KilnError, shorten, type Position } from '@kiln/base';
import {
  Composer,
  LineCounter,
  Parser,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Alias,
  type CST,
  type Document,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { goLexemes } from './go-lexemes.ts';
import { defaultYamlLimits, type YamlLimits } from './limits.ts';
import {
  isNull,
  type ScalarSource,
  type YamlMember,
  type YamlNode,
  type YamlScalar,
} from './node.ts';
import { integerOf, numberOf } from './scalar.ts';

export interface ParseYamlOptions {
  /** The name that errors show. */
  readonly file: string;
  readonly limits?: YamlLimits;
  /** What a second document does: refused (default), or everything after the first is ignored. */
  readonly furtherDocuments?: 'refuse' | 'ignore';
  /**
   * `go`: as Go's yaml.v3 reads and decodes. Tags that it does not know leave a string, `!!binary` is decoded, and characters that
   * cannot be printed are errors, as are tabs where a key could begin and documents that say a version of YAML other than 1.1; lines in brackets and quotes may stand left of the key; lists lose elements
   * and maps lose keys that are null, and a whole number is what is left of one with a fraction. Default `plain`: tags outside the core schema and keys that are null are errors, null elements are "".
   */
  readonly form?: 'plain' | 'go';
}

/**
 * Reads one YAML 1.2 document into nodes that keep every scalar's source text and position.
 * An empty text is an empty mapping. Anchors, aliases and merge keys are followed.
 * Throws `YAML_INVALID` for syntax errors, duplicate keys, keys that are not scalars, tags outside the core schema,
 * a second document, an alias inside its own anchor and anything above the limits.
 */
export function parseYaml(raw: string, options: ParseYamlOptions): YamlNode {
  const limits = options.limits ?? defaultYamlLimits;
  const start: Position = { file: options.file, line: 1, column: 1 };
  if (Buffer.byteLength(raw) > limits.sizeBytesMax) {
    throw invalid(`larger than ${limits.sizeBytesMax} bytes`, start);
  }
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file: options.file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const isGo = options.form === 'go';
  // A lone CR, or NEL, ends a line to yaml.v3 and not to the library. The text keeps its length.
  const text = isGo ? raw.replace(/\r(?!\n)|\u0085/g, '\n') : raw;
  // oxlint-disable-next-line no-control-regex -- control characters are what this refuses
  const unprintable = isGo ? /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ufffd]/.exec(text) : null;
  if (unprintable !== null)
    throw invalid('a control character', { ...start, line: lineOf(text, unprintable.index) });
  const version = isGo ? /^(?:[#%].*\n)*?%YAML[ \t]+(\S+)/.exec(text)?.[1] : undefined;
  if (version !== undefined && version !== '1.1')
    throw invalid(`a document of YAML ${shorten(version)}`, start);
  const document = readDocument(text, options, lines, at);
  if (document?.contents == null) return { kind: 'mapping', members: new Map(), position: start };
  return new Reader({ limits, at, go: isGo ? text : undefined }).read(document.contents, 0);
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function readDocument(
  text: string,
  options: ParseYamlOptions,
  lines: LineCounter,
  at: (offset: number) => Position,
): Document.Parsed | undefined {
  let documents: readonly Document.Parsed[];
  try {
    const composer = new Composer({
      schema: 'failsafe',
      // The reader below refuses them, in linear time.
      uniqueKeys: false,
      // The reader looks at what stands behind keys.
      keepSourceTokens: true,
      logLevel: 'silent',
    });
    documents = [...composer.compose(tokensOf(text, { isGo: options.form === 'go', lines, at }))];
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

function* tokensOf(
  text: string,
  {
    isGo,
    lines,
    at,
  }: {
    readonly isGo: boolean;
    readonly lines: LineCounter;
    readonly at: (offset: number) => Position;
  },
): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  if (!isGo) {
    yield* parser.parse(text);
    return;
  }
  lines.addNewLine(0);
  const refuseTab = (offset: number): never => {
    throw invalid('a tab where a key could begin', at(offset), 'indent with blanks');
  };
  for (const lexeme of goLexemes(text, refuseTab)) yield* parser.next(lexeme);
  yield* parser.end();
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
  readonly #limits: YamlLimits;
  readonly #at: (offset: number) => Position;
  /** The text, where it is read as yaml.v3 does. */
  readonly #go: string | undefined;
  readonly #open = new Set<unknown>();
  /** The nodes with anchors so far; the last of a name counts. */
  readonly #anchors = new Map<string, ParsedNode>();
  /** What each alias leads to, found where it stands: searching the document for each would take time without bounds. */
  readonly #targets = new Map<Alias, ParsedNode>();
  #nodes = 0;
  /** How many aliases lead to the node that is read. */
  #aliases = 0;

  constructor(options: {
    readonly limits: YamlLimits;
    readonly at: (offset: number) => Position;
    readonly go: string | undefined;
  }) {
    this.#limits = options.limits;
    this.#at = options.at;
    this.#go = options.go;
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
      const target = this.#targetOf(node);
      if (target === undefined) throw invalid(`unknown anchor "${shorten(node.source)}"`, position);
      this.#aliases += 1;
      const read = this.#nested(target, depth);
      this.#aliases -= 1;
      return read;
    }
    // What is read by an alias has been read where it stands, in the order of the document.
    if (node.anchor !== undefined && this.#aliases === 0) this.#anchors.set(node.anchor, node);
    if (this.#go === undefined) refuseForeignTag(node.tag, position);
    if (isScalar(node)) {
      const scalar = scalarOf(node, position, this.#aliases > 0);
      if (this.#go === undefined) return scalar;
      if (node.type === 'QUOTE_DOUBLE')
        refuseEscapes(this.#go.slice(node.range[0], node.range[1]), position);
      return taggedScalar(withoutAddedEnd(scalar, this.#go), node.tag);
    }
    return this.#nested(node, depth);
  }

  /** The last node before the alias with its anchor. */
  #targetOf(alias: Alias.Parsed): ParsedNode | undefined {
    const target = this.#targets.get(alias) ?? this.#anchors.get(alias.source);
    if (target !== undefined) this.#targets.set(alias, target);
    return target;
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
      // What stands behind a key without a colon is no value to the library, and lost.
      const lost = pair.value === null ? pair.srcToken?.value : undefined;
      if (lost != null) throw invalid('no colon behind a key', this.#at(lost.offset));
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

/** A scalar as yaml.v3 takes its tag: a known one has to fit what is written, quoted or not. */
function taggedScalar(scalar: YamlScalar, tag: string | undefined): YamlScalar {
  if (tag === undefined || tag === '!' || tag === coreTag('str')) return scalar;
  if (tag === coreTag('binary')) return { ...scalar, plain: false, text: decodeBase64(scalar) };
  const means = meanings.get(tag);
  if (means === undefined) return { ...scalar, plain: false };
  const unquoted = { ...scalar, plain: true };
  if (means(unquoted)) return unquoted;
  throw invalid(
    `"${shorten(scalar.text, 40)}" is no ${tag.slice(coreTag('').length)}`,
    scalar.position,
  );
}

/** A block text that ends with the file, and not with a line, gets no line's end from yaml.v3. */
function withoutAddedEnd(scalar: YamlScalar, text: string): YamlScalar {
  const { source } = scalar;
  const isLast = source?.style === 'block' && source.end >= text.length && !/[\r\n]$/.test(text);
  return isLast ? { ...scalar, text: scalar.text.replace(/\n$/, '') } : scalar;
}

/** yaml.v3 knows no `\\/`, and no halves of pairs of UTF-16. */
function refuseEscapes(source: string, position: Position): void {
  for (const [escape, code] of source.matchAll(/\\(?:u(.{4})|[^])/g)) {
    const value = code === undefined ? undefined : parseInt(code, 16);
    if (escape === '\\/' || (value !== undefined && value >= 0xd800 && value <= 0xdfff))
      throw invalid(`unknown escape "${escape}"`, position);
  }
}

function decodeBase64({ text, position }: YamlScalar): string {
  const packed = text.replace(/[\r\n]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(packed))
    throw invalid('!!binary data that are not base64', position);
  return Buffer.from(packed, 'base64').toString('utf8');
}

function coreTag(name: string): string {
  return `tag:yaml.org,2002:${name}`;
}

const meanings: ReadonlyMap<string, (scalar: YamlScalar) => boolean> = new Map([
  [
    coreTag('int'),
    (scalar: YamlScalar) => integerOf(scalar) !== undefined && !scalar.text.includes('.'),
  ],
  [
    coreTag('float'),
    (scalar: YamlScalar) =>
      numberOf(scalar) !== undefined ||
      /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/.test(scalar.text),
  ],
  [coreTag('bool'), ({ text }: YamlScalar) => /^(?:true|True|TRUE|false|False|FALSE)$/.test(text)],
  [coreTag('null'), isNull],
  [coreTag('merge'), ({ text }: YamlScalar) => text === '<<'],
  [coreTag('timestamp'), ({ text }: YamlScalar) => /^\d{4}-\d\d?-\d\d?(?:$|[Tt \t])/.test(text)],
]);

const coreTags = new Set(['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map(coreTag));

function refuseForeignTag(tag: string | undefined, position: Position): void {
  if (tag !== undefined && tag !== '!' && !coreTags.has(tag))
    throw invalid(`tag "${shorten(tag)}" is not supported`, position);
}
