import { KilnError, shorten, type Position } from '@kiln/base';

/**
 * Evaluates a condition; a variable that is left in it is the empty text:
 * `expr := term (("&&" | "||") term)*` with equal precedence, left associative; `term := value ("==" | "!=") value` or
 * an expression in parentheses; `value` is a quoted string with the escapes `\\ \' \" \n \t`. The empty condition
 * holds, and blanks are none. Throws `RECIPE_CONDITION_INVALID`.
 */
export function evaluateCondition(text: string, position: Position): boolean {
  if (text === '') return true;
  const parser = new ConditionParser(text, position);
  const value = parser.expression(0);
  parser.end();
  return value;
}

const depthMax = 64;

class ConditionParser {
  readonly #text: string;
  readonly #position: Position;
  #offset = 0;

  constructor(text: string, position: Position) {
    this.#text = text;
    this.#position = position;
  }

  expression(depth: number): boolean {
    if (depth > depthMax) throw this.#error('nested too deeply');
    let value = this.#term(depth);
    for (;;) {
      if (this.#take('&&')) value = this.#term(depth) && value;
      else if (this.#take('||')) value = this.#term(depth) || value;
      else return value;
    }
  }

  end(): void {
    this.#space();
    if (this.#offset < this.#text.length) throw this.#error('expected "&&", "||" or the end');
  }

  #term(depth: number): boolean {
    if (this.#take('(')) {
      const value = this.expression(depth + 1);
      if (!this.#take(')')) throw this.#error('expected ")"');
      return value;
    }
    const left = this.#string();
    if (this.#take('==')) return left === this.#string();
    if (this.#take('!=')) return left !== this.#string();
    throw this.#error('expected "==" or "!="');
  }

  #string(): string {
    this.#space();
    const variable = /^\$\{\{[ \t\n\r]*[A-Za-z0-9._-]+[ \t\n\r]*\}\}/.exec(
      this.#text.slice(this.#offset),
    );
    if (variable !== null) {
      this.#offset += variable[0].length;
      return '';
    }
    const quote = this.#text[this.#offset];
    if (quote !== '"' && quote !== "'") throw this.#error('expected a quoted string or a variable');
    let value = '';
    for (let i = this.#offset + 1; i < this.#text.length; i++) {
      const c = this.#text[i] ?? '';
      if (c === quote) {
        this.#offset = i + 1;
        return value;
      }
      const next = c === '\\' ? this.#text[i + 1] : undefined;
      const escaped = next === undefined ? undefined : escapes[next];
      value += escaped ?? c;
      if (escaped !== undefined) i += 1;
    }
    throw this.#error('a string without its end');
  }

  #take(token: string): boolean {
    this.#space();
    if (!this.#text.startsWith(token, this.#offset)) return false;
    this.#offset += token.length;
    return true;
  }

  #space(): void {
    while (/[ \t\n\r]/.test(this.#text[this.#offset] ?? '')) this.#offset += 1;
  }

  #error(what: string): KilnError {
    return new KilnError(
      'RECIPE_CONDITION_INVALID',
      `condition "${shorten(this.#text)}": ${what} at character ${this.#offset + 1}`,
      {
        position: this.#position,
        hint: 'a condition compares quoted strings or variables with == and !=',
      },
    );
  }
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  n: '\n',
  t: '\t',
};
