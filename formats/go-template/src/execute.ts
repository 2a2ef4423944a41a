import { compareBytes, shorten, type Position } from '@kiln/base';
import { templateError } from './error.ts';
import { Formatter, plainFormat } from './format.ts';
import { callFunction } from './functions.ts';
import { Budget, defaultTemplateLimits, type TemplateLimits } from './limits.ts';
import type { Branch, Command, FieldTerm, Node, Pipeline, Template, Term } from './syntax.ts';
import { indirect, integerOf, isTrue, kindOf, type GoValue, type Operand } from './value.ts';

/**
 * What a template makes of the data, which is its first dot and its `$`.
 * Throws `TEMPLATE_FAILED` where the template does not fit the data (a field that is not there, values that do not compare,
 * a wrong argument) and `TEMPLATE_LIMIT`, each with its position. Nothing of the output is given then.
 */
export function executeTemplate(
  template: Template,
  data: GoValue,
  limits: TemplateLimits = defaultTemplateLimits,
): string {
  return new Execution(data, limits).run(template);
}

/** How a list of nodes was left. */
type Outcome = 'done' | 'break' | 'continue';

interface Variable {
  readonly name: string;
  value: Operand;
}

class Execution {
  readonly #budget: Budget;
  readonly #limits: TemplateLimits;
  /** Innermost last. */
  readonly #variables: Variable[];
  readonly #output: string[] = [];
  readonly #data: GoValue;
  #length = 0;

  constructor(data: GoValue, limits: TemplateLimits) {
    this.#data = data;
    this.#limits = limits;
    this.#budget = new Budget(limits);
    this.#variables = [{ name: '$', value: data }];
  }

  run({ nodes }: Template): string {
    this.#list(nodes, this.#data);
    return this.#output.join('');
  }

  #list(nodes: readonly Node[], dot: Operand): Outcome {
    for (const node of nodes) {
      const outcome = this.#node(node, dot);
      if (outcome !== 'done') return outcome;
    }
    return 'done';
  }

  #node(node: Node, dot: Operand): Outcome {
    this.#budget.step(node.position);
    switch (node.kind) {
      case 'text':
        this.#write(node.text, node.position);
        return 'done';
      case 'action': {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.#print(value, node.position);
        return 'done';
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'if':
      case 'with':
      case 'range': {
        const scope = this.#variables.length;
        const outcome = node.kind === 'range' ? this.#range(node, dot) : this.#choose(node, dot);
        this.#variables.length = scope;
        return outcome;
      }
    }
  }

  #choose(branch: Branch, dot: Operand): Outcome {
    const value = this.#pipeline(branch.pipeline, dot);
    if (!isTrue(value)) return this.#list(branch.otherwise, dot);
    return this.#list(branch.body, branch.kind === 'with' ? value : dot);
  }

  #range(branch: Branch, dot: Operand): Outcome {
    const value = this.#pipeline(branch.pipeline, dot);
    const scope = this.#variables.length;
    let empty = true;
    for (const [index, element] of this.#elements(value, branch)) {
      empty = false;
      this.#budget.step(branch.position);
      this.#setLoopVariables(branch.pipeline, index, element);
      const outcome = this.#list(branch.body, element);
      this.#variables.length = scope;
      if (outcome === 'break') break;
    }
    return empty ? this.#list(branch.otherwise, dot) : 'done';
  }

  *#elements(value: Operand, branch: Branch): Generator<readonly [GoValue, GoValue], void> {
    const items = indirect(value);
    const count = integerOf(items);
    if (count !== undefined) {
      if (branch.pipeline.variables.length > 1)
        throw this.#failed('a range over an integer has one variable', branch.position);
      for (let at = 0n; at < count; at++) yield [at, at];
    } else if (typeof items === 'object' && items.kind === 'slice') {
      yield* items.elements.entries();
    } else if (typeof items === 'object' && items.kind === 'map') {
      this.#budget.step(branch.position, items.entries.size);
      yield* [...items.entries].sort(([a], [b]) => compareBytes(a, b));
    } else if (value !== undefined) {
      throw this.#failed(`range: nothing to go through in a ${kindOf(items)}`, branch.position);
    }
  }

  /** One variable is the element, two are the index and the element. */
  #setLoopVariables({ variables, assigns }: Pipeline, index: GoValue, element: GoValue): void {
    const values = variables.length > 1 ? [index, element] : [element];
    variables.forEach((name, at) => {
      const own = this.#variables[this.#variables.length - variables.length + at];
      if (assigns || own === undefined) this.#assign(name, values[at], undefined);
      else own.value = values[at];
    });
  }

  #assign(name: string, value: Operand, position: Position | undefined): void {
    const variable = this.#variables.findLast((one) => one.name === name);
    if (variable !== undefined) variable.value = value;
    else if (position !== undefined) throw this.#undefinedVariable(name, position);
  }

  #pipeline(pipeline: Pipeline, dot: Operand): Operand {
    let value: Operand;
    pipeline.commands.forEach((command, stage) => {
      value = this.#command(command, dot, stage === 0 ? [] : [value]);
    });
    for (const name of pipeline.variables) {
      if (pipeline.assigns) this.#assign(name, value, pipeline.position);
      else this.#variables.push({ name, value });
    }
    return value;
  }

  /** `last` is the result of the command before, where there is one. */
  #command({ first, args }: Command, dot: Operand, last: readonly Operand[]): Operand {
    this.#budget.step(first.position);
    if (first.kind === 'function') return this.#call(first, args, dot, last);
    if (args.length > 0 || last.length > 0)
      throw this.#failed('arguments for what is no function', first.position);
    if (first.kind === 'nil') throw this.#failed('nil is not a command', first.position);
    return this.#term(first, dot);
  }

  #call(
    { name, position }: Extract<Term, { readonly kind: 'function' }>,
    args: readonly Term[],
    dot: Operand,
    last: readonly Operand[],
  ): Operand {
    if (name === 'and' || name === 'or') {
      if (args.length + last.length === 0)
        throw this.#failed(`${name}: wants at least 1 arguments, got 0`, position);
      let value: Operand;
      for (const arg of args) {
        value = this.#term(arg, dot);
        if (isTrue(value) === (name === 'or')) return value;
      }
      return last.length > 0 ? last[0] : value;
    }
    const values = [...args.map((arg) => this.#term(arg, dot)), ...last];
    return callFunction({ name, args: values, position, budget: this.#budget });
  }

  #term(term: Term, dot: Operand): Operand {
    switch (term.kind) {
      case 'literal':
        return term.value;
      case 'nil':
        return undefined;
      case 'dot':
        return dot;
      case 'overflow':
        throw this.#failed(`${shorten(term.text)} is too large for an integer`, term.position);
      case 'function':
        return this.#call(term, [], dot, []);
      case 'variable': {
        const variable = this.#variables.findLast(({ name }) => name === term.name);
        if (variable === undefined) throw this.#undefinedVariable(term.name, term.position);
        return variable.value;
      }
      case 'pipeline':
        return this.#pipeline(term.pipeline, dot);
      case 'fields':
        return this.#fields(term, dot);
    }
  }

  #fields({ base, names, position }: FieldTerm, dot: Operand): Operand {
    return names.reduce(
      (value: Operand, name) => this.#field(value, name, position),
      this.#term(base, dot),
    );
  }

  #field(receiver: Operand, name: string, position: Position): Operand {
    this.#budget.step(position);
    if (receiver === undefined) return undefined;
    const value = indirect(receiver);
    if (value === undefined) throw this.#failed(`.${shorten(name)} of a nil pointer`, position);
    if (typeof value === 'object' && value.kind === 'map') return value.entries.get(name);
    if (typeof value !== 'object' || value.kind !== 'struct')
      throw this.#failed(
        `no field .${shorten(name)} in a value of kind ${kindOf(value)}`,
        position,
      );
    const method = value.methods.get(name);
    if (method !== undefined) return method();
    const field = value.fields.get(name);
    if (field !== undefined) return field;
    const hint = `the fields are ${[...value.fields.keys()].join(', ')}`;
    throw this.#failed(`no field .${shorten(name)}`, position, hint);
  }

  /** As an action prints it: a pointer as what it points to. */
  #print(value: Operand, position: Position): void {
    const formatter = new Formatter(this.#budget, position);
    const pointer = typeof value === 'object' && value.kind === 'pointer';
    if (value === undefined) this.#write('<no value>', position);
    else this.#write(formatter.write(pointer ? indirect(value) : value, plainFormat), position);
  }

  #write(text: string, position: Position): void {
    this.#length += text.length;
    if (this.#length > this.#limits.outputMax) {
      const message = `an output of more than ${this.#limits.outputMax} characters`;
      throw templateError('TEMPLATE_LIMIT', message, position);
    }
    this.#output.push(text);
  }

  #undefinedVariable(name: string, position: Position): Error {
    return this.#failed(`undefined variable "${shorten(name)}"`, position);
  }

  #failed(message: string, position: Position, hint?: string): Error {
    return templateError('TEMPLATE_FAILED', message, position, hint);
  }
}
