import { shorten, type Position } from '@kiln/base';
import { templateError } from './error.ts';
import { functionNames, refusedFunctions } from './function-names.ts';
import { defaultTemplateLimits, type TemplateLimits } from './limits.ts';
import { numberTerm, unquote } from './literal.ts';
import type { Branch, Command, Node, Pipeline, Template, Term } from './syntax.ts';
import { tokensOf, type Token, type TokenKind } from './tokens.ts';

export interface ParseTemplateOptions {
  /** The name that errors show; `template` without it. */
  readonly file?: string;
  readonly limits?: TemplateLimits;
}

/**
 * Reads a template of Go's `text/template`: actions, pipelines, variables, `if`, `with`, `range`, and the functions
 * `and or not eq ne lt le gt ge len index slice print printf println`.
 * Throws `TEMPLATE_INVALID` for what is no template, `TEMPLATE_UNSUPPORTED` for the rest of the language (`define`,
 * `template`, `block`, `call`, `js`, `html`, `urlquery`, complex numbers) and `TEMPLATE_LIMIT`, each with its position.
 */
export function parseTemplate(text: string, options: ParseTemplateOptions = {}): Template {
  const file = options.file ?? 'template';
  const limits = options.limits ?? defaultTemplateLimits;
  if (text.length > limits.sizeMax) {
    const start = { file, line: 1, column: 1 };
    throw templateError('TEMPLATE_LIMIT', `more than ${limits.sizeMax} characters`, start);
  }
  return { file, nodes: new Parser(tokensOf(text, file), limits).template() };
}

/** What ended a list of nodes: its word, and where it stands. */
interface ListEnd {
  readonly word: 'end' | 'else' | 'end of the template';
  readonly position: Position;
}

class Parser {
  readonly #tokens: Iterator<Token, void>;
  readonly #limits: TemplateLimits;
  readonly #pending: Token[] = [];
  /** Names in scope, `$` first. */
  readonly #variables = ['$'];
  #depth = 0;
  #ranges = 0;

  constructor(tokens: Iterator<Token, void>, limits: TemplateLimits) {
    this.#tokens = tokens;
    this.#limits = limits;
  }

  template(): readonly Node[] {
    const { nodes, end } = this.#list();
    if (end.word === 'end of the template') return nodes;
    throw this.#invalid(`unexpected {{${end.word}}}`, end.position);
  }

  #list(): { readonly nodes: readonly Node[]; readonly end: ListEnd } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#next();
      const { position } = token;
      if (token.kind === 'end') return { nodes, end: { word: 'end of the template', position } };
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text, position });
        continue;
      }
      if (token.kind !== 'left') throw this.#unexpected(token, 'the template');
      const item = this.#action();
      if ('word' in item) return { nodes, end: item };
      nodes.push(item);
    }
  }

  #action(): Node | ListEnd {
    const token = this.#peekPast();
    if (token.kind === 'keyword') {
      this.#nextPast();
      return this.#control(token);
    }
    const { position } = token;
    return { kind: 'action', pipeline: this.#pipeline('command', 'right'), position };
  }

  #control({ text: word, position }: Token): Node | ListEnd {
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(word, position);
      case 'break':
      case 'continue':
        this.#expectRight(word);
        if (this.#ranges === 0) throw this.#invalid(`{{${word}}} outside {{range}}`, position);
        return { kind: word, position };
      case 'end':
        this.#expectRight(word);
        return { word, position };
      case 'else':
        if (!this.#isKeyword('if') && !this.#isKeyword('with')) this.#expectRight(word);
        return { word, position };
      default:
        throw templateError('TEMPLATE_UNSUPPORTED', `{{${word}}} is not supported`, position);
    }
  }

  #branch(kind: Branch['kind'], position: Position): Branch {
    const scope = this.#variables.length;
    this.#enter(position);
    const pipeline = this.#pipeline(kind, 'right');
    if (kind === 'range') this.#ranges++;
    const { nodes: body, end } = this.#list();
    if (kind === 'range') this.#ranges--;
    const otherwise = end.word === 'else' ? this.#otherwise(kind) : [];
    if (end.word === 'end of the template')
      throw this.#invalid(`{{${kind}}} without {{end}}`, position);
    this.#depth--;
    this.#variables.length = scope;
    return { kind, pipeline, body, otherwise, position };
  }

  /** `{{else if …}}` is `{{else}}{{if …}}` with one `{{end}}` for both. */
  #otherwise(kind: Branch['kind']): readonly Node[] {
    if (kind !== 'range' && this.#isKeyword(kind)) {
      const token = this.#nextPast();
      return [this.#branch(kind, token.position)];
    }
    const token = this.#peekPast();
    if (token.kind === 'keyword') throw this.#unexpected(token, `{{else}} of {{${kind}}}`);
    const { nodes, end } = this.#list();
    if (end.word !== 'end')
      throw this.#invalid(`expected {{end}}, found ${end.word}`, end.position);
    return nodes;
  }

  #pipeline(context: string, end: TokenKind): Pipeline {
    const { position } = this.#peekPast();
    const { variables, assigns } = this.#declarations(context);
    const commands: Command[] = [];
    for (let token = this.#nextPast(); token.kind !== end; token = this.#nextPast()) {
      if (!termKinds.has(token.kind)) throw this.#unexpected(token, context);
      this.#pending.unshift(token);
      const command = this.#command();
      if (commands.length > 0 && constantKinds.has(command.first.kind)) {
        const message = `stage ${commands.length + 1} of a pipeline must be a function`;
        throw this.#invalid(message, command.first.position);
      }
      commands.push(command);
    }
    if (commands.length === 0) throw this.#invalid(`missing value for ${context}`, position);
    this.#variables.push(...variables);
    return { variables, assigns, commands, position };
  }

  /** `$a :=`, `$a =` or, for `range`, `$a, $b :=`; nothing is taken where none stands. */
  #declarations(context: string): Pick<Pipeline, 'variables' | 'assigns'> {
    const first = this.#peekPast();
    if (first.kind !== 'variable') return { variables: [], assigns: false };
    this.#nextPast();
    const space = this.#peek().kind === 'space' ? [this.#next()] : [];
    const after = this.#peek();
    if (after.kind === 'declare' || after.kind === 'assign') {
      this.#next();
      return { variables: [first.text], assigns: after.kind === 'assign' };
    }
    if (after.text === ',' && after.kind === 'other') {
      this.#next();
      return this.#secondVariable(first.text, context, after.position);
    }
    this.#pending.unshift(first, ...space);
    return { variables: [], assigns: false };
  }

  #secondVariable(
    first: string,
    context: string,
    position: Position,
  ): Pick<Pipeline, 'variables' | 'assigns'> {
    if (context !== 'range') throw this.#invalid(`too many variables in ${context}`, position);
    const second = this.#nextPast();
    const sign = this.#nextPast();
    if (second.kind !== 'variable' || (sign.kind !== 'declare' && sign.kind !== 'assign'))
      throw this.#invalid('a range declares one variable, or two', second.position);
    return { variables: [first, second.text], assigns: sign.kind === 'assign' };
  }

  /** Operands with spaces between them, up to `|`, which is taken, or the end, which is not. */
  #command(): Command {
    const terms: Term[] = [];
    for (;;) {
      const term = this.#operand();
      if (term !== undefined) terms.push(term);
      const token = this.#next();
      if (token.kind === 'space') continue;
      if (token.kind === 'right' || token.kind === 'close') this.#pending.unshift(token);
      else if (token.kind !== 'pipe') throw this.#unexpected(token, 'operand');
      const [first, ...args] = terms;
      if (first === undefined) throw this.#invalid('empty command', token.position);
      return { first, args };
    }
  }

  #operand(): Term | undefined {
    const term = this.#term();
    if (term === undefined || this.#peek().kind !== 'field') return term;
    const { position } = this.#peek();
    if (constantKinds.has(term.kind))
      throw this.#invalid('unexpected "." after a constant', position);
    const names: string[] = [];
    while (this.#peek().kind === 'field') names.push(this.#next().text.slice(1));
    // `.A.B` is one walk from dot.
    if (term.kind === 'fields' && term.base.kind === 'dot')
      return { ...term, names: [...term.names, ...names] };
    return { kind: 'fields', base: term, names, position: term.position };
  }

  #term(): Term | undefined {
    const token = this.#nextPast();
    const { kind, text, position } = token;
    switch (kind) {
      case 'identifier':
        return this.#function(token);
      case 'dot':
      case 'nil':
        return { kind, position };
      case 'variable':
        if (!this.#variables.includes(text))
          throw this.#invalid(`undefined variable "${shorten(text)}"`, position);
        return { kind, name: text, position };
      case 'field':
        return {
          kind: 'fields',
          base: { kind: 'dot', position },
          names: [text.slice(1)],
          position,
        };
      case 'bool':
        return { kind: 'literal', value: text === 'true', position };
      case 'char':
      case 'number':
        return numberTerm(token);
      case 'string':
      case 'raw':
        return { kind: 'literal', value: unquote(text, position), position };
      case 'open':
        return this.#parenthesized(position);
      case 'assign':
      case 'close':
      case 'declare':
      case 'end':
      case 'keyword':
      case 'left':
      case 'other':
      case 'pipe':
      case 'right':
      case 'space':
      case 'text':
        this.#pending.unshift(token);
        return undefined;
    }
  }

  #parenthesized(position: Position): Term {
    this.#enter(position);
    const pipeline = this.#pipeline('parenthesized pipeline', 'close');
    this.#depth--;
    return { kind: 'pipeline', pipeline, position };
  }

  #function({ text: name, position }: Token): Term {
    if (refusedFunctions.has(name))
      throw templateError('TEMPLATE_UNSUPPORTED', `function "${name}" is not supported`, position);
    if (functionNames.has(name)) return { kind: 'function', name, position };
    const message = `function "${shorten(name)}" is not defined`;
    const hint = `the functions are ${[...functionNames].join(', ')}; a field begins with a dot`;
    throw templateError('TEMPLATE_INVALID', message, position, hint);
  }

  #enter(position: Position): void {
    if (++this.#depth <= this.#limits.depthMax) return;
    throw templateError('TEMPLATE_LIMIT', `nested deeper than ${this.#limits.depthMax}`, position);
  }

  #isKeyword(word: string): boolean {
    const token = this.#peekPast();
    return token.kind === 'keyword' && token.text === word;
  }

  #expectRight(context: string): void {
    const token = this.#nextPast();
    if (token.kind !== 'right') throw this.#unexpected(token, `{{${context}}}`);
  }

  #next(): Token {
    const pending = this.#pending.shift();
    if (pending !== undefined) return pending;
    const { value } = this.#tokens.next();
    if (value === undefined) throw new Error('assertion failed: read past the last token');
    return value;
  }

  #peek(): Token {
    const token = this.#next();
    this.#pending.unshift(token);
    return token;
  }

  /** The next token that is no space. */
  #nextPast(): Token {
    const token = this.#next();
    return token.kind === 'space' ? this.#nextPast() : token;
  }

  #peekPast(): Token {
    const token = this.#nextPast();
    this.#pending.unshift(token);
    return token;
  }

  #unexpected({ kind, text, position }: Token, context: string): Error {
    const what = kind === 'end' ? 'end' : `"${shorten(text, 40)}"`;
    return this.#invalid(`unexpected ${what} in ${context}`, position);
  }

  #invalid(message: string, position: Position): Error {
    return templateError('TEMPLATE_INVALID', message, position);
  }
}

const termKinds: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'bool',
  'char',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'raw',
  'string',
  'variable',
  'open',
]);

const constantKinds: ReadonlySet<Term['kind']> = new Set<Term['kind']>([
  'literal',
  'overflow',
  'dot',
  'nil',
]);
